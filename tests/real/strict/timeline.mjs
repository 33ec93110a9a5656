// The events of the rooms in their order, decrypted, without gaps; an event that becomes readable is told again.
import { Direction, MatrixEventEvent } from "./sdk.mjs";

export class Timeline {
  #client;
  #tell;
  #known = new Map();

  constructor(client, tell) {
    this.#client = client;
    this.#tell = tell;
  }

  // Takes in the rooms of one sync. A room that is new begins with what the sync shows of it.
  async take(rooms) {
    for (const [room, { timeline }] of Object.entries(rooms)) {
      if (!timeline) continue;
      const gap = timeline.limited && this.#known.has(room) ? await this.#missing(room, timeline.prev_batch) : [];
      for (const event of [...gap, ...timeline.events]) await this.#show(room, event);
    }
  }

  // All events of the room up to the own last joining, oldest first, without telling anybody.
  async beforeJoining(room) {
    const me = this.#client.getUserId();
    const isJoining = (event) =>
      event.type === "m.room.member" && event.state_key === me && event.content.membership === "join";
    const newestFirst = [];
    for await (const event of this.#backwards(room, null)) newestFirst.push(event);
    const events = newestFirst.slice(newestFirst.findIndex(isJoining) + 1).reverse();
    return Promise.all(events.map(async (event) => plain(await this.#decrypted(room, event))));
  }

  async #missing(room, token) {
    const newestFirst = [];
    for await (const event of this.#backwards(room, token)) {
      if (this.#known.get(room).has(event.event_id)) break;
      newestFirst.push(event);
    }
    return newestFirst.reverse();
  }

  async *#backwards(room, token) {
    do {
      const page = await this.#client.createMessagesRequest(room, token, 100, Direction.Backward);
      yield* page.chunk;
      token = page.end;
    } while (token);
  }

  async #show(room, raw) {
    const known = this.#known.get(room) ?? new Set();
    this.#known.set(room, known);
    if (known.has(raw.event_id)) return;
    known.add(raw.event_id);
    const event = await this.#decrypted(room, raw);
    const tell = () => this.#tell({ news: "timeline", room, event: plain(event) });
    tell();
    event.on(MatrixEventEvent.Decrypted, tell);
  }

  async #decrypted(room, raw) {
    // The library's own object of the event, where it has one: verification in a room waits for its decryption.
    const event = this.#client.getEventMapper({ decrypt: false })({ ...raw, room_id: room });
    await this.#client.decryptEventIfNeeded(event);
    return event;
  }
}

function plain(event) {
  const failed = event.isDecryptionFailure();
  const stateKey = event.getStateKey();
  return {
    type: failed ? event.getWireType() : event.getType(),
    content: failed ? event.getWireContent() : event.getOriginalContent(),
    sender: event.getSender(),
    event_id: event.getId(),
    origin_server_ts: event.getTs(),
    encrypted: event.isEncrypted(),
    unreadable: event.decryptionFailureReason,
    ...(stateKey === undefined ? {} : { state_key: stateKey }),
  };
}
