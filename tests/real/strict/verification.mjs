// One verification by comparing emoji, from the request on.
import { VerificationPhase, VerificationRequestEvent, VerifierEvent } from "./sdk.mjs";

const PHASES = Object.fromEntries(Object.entries(VerificationPhase).map(([name, phase]) => [phase, name.toLowerCase()]));

export class Verification {
  #request;
  #tell;
  #verifier;

  constructor(number, mine, request, tell) {
    this.number = number;
    this.mine = mine;
    this.#request = request;
    this.#tell = tell;
    request.on(VerificationRequestEvent.Change, () => this.#look());
    this.#look();
  }

  accept() {
    return this.#request.accept();
  }

  async start() {
    await this.#request.startVerification("m.sas.v1");
  }

  confirm() {
    return this.#sas().confirm();
  }

  mismatch() {
    this.#sas().mismatch();
  }

  cancel() {
    return this.#request.cancel();
  }

  #sas() {
    const callbacks = this.#verifier?.getShowSasCallbacks();
    if (!callbacks) throw new Error(`nothing to compare yet, the phase is ${PHASES[this.#request.phase]}`);
    return callbacks;
  }

  #look() {
    const request = this.#request;
    if (request.verifier && request.verifier !== this.#verifier) {
      this.#verifier = request.verifier;
      this.#verifier.on(VerifierEvent.ShowSas, () => this.#look());
      // As clients do it: once either side has started, nobody is asked again before the emoji appear.
      this.#verifier.verify().catch(() => {});
    }
    const { emoji = [] } = this.#verifier?.getShowSasCallbacks()?.sas ?? {};
    this.#tell({
      news: "verification",
      number: this.number,
      user: request.otherUserId,
      device: request.otherDeviceId ?? null,
      room: request.roomId ?? null,
      transaction: request.transactionId ?? null,
      mine: this.mine,
      phase: PHASES[request.phase],
      emoji,
      code: request.cancellationCode,
      cancelled_by: request.cancellingUserId ?? null,
    });
  }
}
