// One logged-in device. Once it is signed it excludes every device which its owner has not signed (MSC4153);
// before, it is a client as they were without cross-signing: in strict mode it could not send at all.
import { once } from "node:events";

import { download } from "./file.mjs";
import { Network } from "./network.mjs";
import {
  ClientEvent,
  CryptoEvent,
  Filter,
  OnlySignedDevicesIsolationMode,
  SyncState,
  UserId,
  createClient,
  decodeRecoveryKey,
  quiet,
} from "./sdk.mjs";
import { Timeline } from "./timeline.mjs";
import { Verification } from "./verification.mjs";

const CROSS_SIGNING = ["m.cross_signing.master", "m.cross_signing.self_signing", "m.cross_signing.user_signing"];
const BACKUP = "m.megolm_backup.v1";
const ONLY_WHAT_TESTS_SEE = {
  presence: { types: [] },
  room: { timeline: { limit: 50 }, ephemeral: { types: [] } },
};
const FIRST_SYNC_EVENTS = 20;
const PATIENCE = 20_000;

export class StrictClient {
  #client;
  #crypto;
  #network = new Network();
  #tell;
  #timeline;
  #shown = Promise.resolve();
  #verifications = new Map();
  #storageKey = null;
  #recoveryKey = null;

  constructor(session, url, tell) {
    this.#tell = tell;
    this.#client = createClient({
      baseUrl: url,
      accessToken: session.access_token,
      userId: session.user_id,
      deviceId: session.device_id,
      fetchFn: this.#network.fetch,
      logger: quiet,
      disableVoip: true,
      cryptoCallbacks: {
        getSecretStorageKey: async ({ keys }) => this.#storageKey && [Object.keys(keys)[0], this.#storageKey],
        cacheSecretStorageKey: (_id, _description, key) => (this.#storageKey = key),
      },
    });
  }

  // Logs a new device in. Signed: by the identity that the recovery key opens, or by a new one.
  static async login({ url, user, password, device, signed, recovery_key: recoveryKey }, tell) {
    const session = await createClient({ baseUrl: url, logger: quiet }).loginRequest({
      type: "m.login.password",
      identifier: { type: "m.id.user", user },
      password,
      initial_device_display_name: device,
    });
    const client = new StrictClient(session, url, tell);
    await client.#begin();
    if (signed && recoveryKey) await client.unlockSecretStorage({ recovery_key: recoveryKey });
    else if (signed) await client.#publishIdentity(user, password);
    return client;
  }

  introduction() {
    return {
      user_id: this.#client.getUserId(),
      device_id: this.#client.getDeviceId(),
      recovery_key: this.#recoveryKey,
    };
  }

  async #begin() {
    const client = this.#client;
    await client.initRustCrypto({ useIndexedDB: false });
    this.#crypto = client.getCrypto();
    client.on(CryptoEvent.VerificationRequestReceived, (request) => this.#follow(request, false));
    this.#timeline = new Timeline(client, this.#tell);
    const ready = new Promise((resolve) => {
      client.on(ClientEvent.Sync, (state, _before, { nextSyncToken } = {}) => {
        if (nextSyncToken) this.#take(nextSyncToken);
        if (state === SyncState.Prepared) resolve();
      });
    });
    const filter = new Filter(client.getUserId());
    filter.setDefinition(structuredClone(ONLY_WHAT_TESTS_SEE));
    await client.startClient({ initialSyncLimit: FIRST_SYNC_EVENTS, filter, disablePresence: true });
    await ready;
    // With the first round of requests the device and its one-time keys are known to others.
    await this.#crypto.outgoingRequestsManager.doProcessOutgoingRequests();
  }

  #take(nextSyncToken) {
    const { rooms, invites } = this.#network.shownBy(nextSyncToken);
    for (const [room, { invite_state: state }] of Object.entries(invites)) {
      this.#tell({ news: "invite", room, state: state.events });
    }
    this.#shown = this.#shown
      .then(() => this.#timeline.take(rooms))
      .catch((error) => console.error("timeline:", error));
  }

  async stop() {
    this.#client.stopClient();
    await this.#shown;
  }

  // Identity, secret storage and key backup

  async #publishIdentity(user, password) {
    if (await this.#crypto.userHasCrossSigningKeys()) {
      throw new Error(`${user} has an identity already: log in unsigned, then unlock its secret storage`);
    }
    const authUploadDeviceSigningKeys = async (upload) => {
      try {
        return await upload(null);
      } catch (error) {
        if (error.httpStatus !== 401) throw error;
        const identifier = { type: "m.id.user", user };
        return upload({ type: "m.login.password", identifier, password, session: error.data.session });
      }
    };
    await this.#crypto.bootstrapCrossSigning({ authUploadDeviceSigningKeys });
    this.#beStrict();
    const created = await this.#crypto.createRecoveryKeyFromPassphrase();
    await this.#crypto.bootstrapSecretStorage({ createSecretStorageKey: async () => created });
    this.#recoveryKey = created.encodedPrivateKey;
  }

  // Reads the account's secrets as a new device does, signs this device, and answers the secrets by name.
  async unlockSecretStorage({ recovery_key: recoveryKey }) {
    const storage = this.#client.secretStorage;
    const key = decodeRecoveryKey(recoveryKey);
    const [, description] = (await storage.getKey()) ?? [];
    if (!description) throw new Error("the account has no secret storage");
    if (!(await storage.checkKey(key, description))) throw new Error("the recovery key does not fit");
    this.#storageKey = key;
    const secrets = {};
    for (const name of CROSS_SIGNING) {
      if (!(await storage.isStored(name))) throw new Error(`the secret storage does not hold ${name}`);
      secrets[name] = await storage.get(name);
    }
    await this.#ask(this.#client.getUserId());
    await this.#crypto.bootstrapCrossSigning({});
    this.#beStrict();
    if (await storage.isStored(BACKUP)) {
      secrets[BACKUP] = await storage.get(BACKUP);
      await this.#crypto.loadSessionBackupPrivateKeyFromSecretStorage();
      await this.#crypto.checkKeyBackupAndEnable();
    }
    this.#recoveryKey = recoveryKey;
    return secrets;
  }

  #beStrict() {
    this.#crypto.setDeviceIsolationMode(new OnlySignedDevicesIsolationMode());
  }

  async backup() {
    await this.#crypto.resetKeyBackup();
    return this.#crypto.getActiveSessionBackupVersion();
  }

  async backedUp() {
    const giveUp = Date.now() + PATIENCE;
    for (;;) {
      const { total, backedUp } = await this.#crypto.olmMachine.roomKeyCounts();
      if (total === backedUp) return total;
      if (Date.now() > giveUp) throw new Error(`only ${backedUp} of ${total} sessions are in the backup`);
      await this.#crypto.backupManager.maybeUploadKey();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async restoreBackup() {
    return (await this.#crypto.restoreKeyBackup()).imported;
  }

  // Trust

  async trust({ user, device }) {
    await this.#ask(user);
    const status = await this.#crypto.getDeviceVerificationStatus(user, device);
    if (status === null) return null;
    const { signedByOwner, crossSigningVerified, localVerified } = status;
    return { signedByOwner, crossSigningVerified, localVerified };
  }

  async hasIdentity({ user }) {
    await this.#ask(user);
    return (await this.#crypto.getUserVerificationStatus(user)).known;
  }

  // The server is asked now, so that what was just published counts.
  async #ask(user) {
    const request = this.#crypto.olmMachine.queryKeysForUsers([new UserId(user)]);
    await this.#crypto.outgoingRequestProcessor.makeOutgoingRequest(request);
  }

  // Rooms

  async createRoom(request) {
    const { room_id: room } = await this.#client.createRoom(request);
    await this.#joined(room);
    return room;
  }

  async join({ room }) {
    await this.#client.joinRoom(room);
    await this.#joined(room);
  }

  // Before the sync has shown a room the library knows nothing of its encryption, and sends in clear.
  async #joined(room) {
    const signal = AbortSignal.timeout(PATIENCE);
    while (this.#client.getRoom(room)?.getMyMembership() !== "join") {
      await once(this.#client, ClientEvent.Sync, { signal });
    }
  }

  async invite({ room, user }) {
    await this.#client.invite(room, user);
  }

  async leave({ room }) {
    await this.#client.leave(room);
  }

  async kick({ room, user }) {
    await this.#client.kick(room, user);
  }

  async send({ room, type, content }) {
    return (await this.#client.sendEvent(room, type, content)).event_id;
  }

  async redact({ room, event }) {
    return (await this.#client.redactEvent(room, event)).event_id;
  }

  async download({ url, file }) {
    const address = this.#client.mxcUrlToHttp(url ?? file.url, undefined, undefined, undefined, false, true, true);
    return download(address, this.#client.getAccessToken(), file);
  }

  async discardSession({ room }) {
    await this.#crypto.forceDiscardSession(room);
  }

  async messagesReadableBefore({ room }) {
    const events = await this.#timeline.beforeJoining(room);
    return events.filter(({ encrypted, unreadable }) => encrypted && unreadable === null);
  }

  // Key traffic

  holdKeys() {
    this.#network.hold();
  }

  releaseKeys() {
    return this.#network.release();
  }

  dropKeys() {
    return this.#network.drop();
  }

  // Verification

  async requestVerification({ user, device, room }) {
    await this.#ask(user);
    const request = room
      ? await this.#crypto.requestVerificationDM(user, room)
      : await this.#crypto.requestDeviceVerification(user, device);
    return this.#follow(request, true);
  }

  async verification({ number, action }) {
    await this.#verifications.get(number)[action]();
  }

  #follow(request, mine) {
    const number = this.#verifications.size + 1;
    this.#verifications.set(number, new Verification(number, mine, request, this.#tell));
    return number;
  }
}
