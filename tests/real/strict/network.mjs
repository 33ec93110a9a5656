// What stands between a client and its homeserver: it can delay keys, and reads along what syncs show.
const KEYS = "/_matrix/client/v3/sendToDevice/m.room.encrypted/";
const SYNC = "/_matrix/client/v3/sync";

export class Network {
  #held = null;
  #shown = new Map();

  // To be given to the library in the place of the global function.
  fetch = async (resource, options) => {
    const { pathname } = new URL(resource);
    if (this.#held !== null && options.method === "PUT" && pathname.startsWith(KEYS)) {
      this.#held.push(() => fetch(resource, { ...options, signal: undefined }));
      return Response.json({});
    }
    const response = await fetch(resource, options);
    if (!response.ok || pathname !== SYNC) return response;
    const body = await response.json();
    const { join, leave, invite } = body.rooms ?? {};
    this.#shown.set(body.next_batch, { rooms: { ...leave, ...join }, invites: invite ?? {} });
    return Response.json(body);
  };

  // The rooms and invitations of the sync that ends with this token, as the server showed them; once.
  shownBy(nextBatch) {
    const shown = this.#shown.get(nextBatch) ?? { rooms: {}, invites: {} };
    this.#shown.delete(nextBatch);
    return shown;
  }

  // From now on every key that leaves is taken for sent, and waits here.
  hold() {
    this.#held ??= [];
  }

  // Sends what waits, in order, and lets the rest through; answers how many requests that were.
  async release() {
    const held = this.#held ?? [];
    this.#held = null;
    for (const send of held) {
      const response = await send();
      if (!response.ok) throw new Error(`a held key was refused: ${response.status} ${await response.text()}`);
    }
    return held.length;
  }

  // Loses what waits and lets the rest through; answers how many requests are lost.
  drop() {
    const lost = this.#held?.length ?? 0;
    this.#held = null;
    return lost;
  }
}
