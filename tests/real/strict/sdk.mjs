// The library. It lies outside of the source tree: STRICT_LIBRARY names its node_modules folder.
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const load = (file) => import(pathToFileURL(join(process.env.STRICT_LIBRARY, file)).href);

// The library chats on the console; standard output is for our answers alone, what it complains of is kept short.
Error.stackTraceLimit = 4;
const silent = () => {};
console.log = console.info = console.debug = console.trace = silent;
export const quiet = {
  trace: silent,
  debug: silent,
  info: silent,
  warn: (...words) => String(words[0]).startsWith("Adding default") || console.warn(...words),
  error: console.error,
  getChild: () => quiet,
};

export const { ClientEvent, Direction, Filter, MatrixEventEvent, SyncState, createClient } = await load(
  "matrix-js-sdk/lib/index.js",
);
export const {
  CryptoEvent,
  OnlySignedDevicesIsolationMode,
  VerificationPhase,
  VerificationRequestEvent,
  VerifierEvent,
  decodeRecoveryKey,
} = await load("matrix-js-sdk/lib/crypto-api/index.js");
export const { UserId } = await load("@matrix-org/matrix-sdk-crypto-wasm/node.mjs");

// Otherwise every upload to a key backup begins up to ten seconds late.
const { RustBackupManager } = await load("matrix-js-sdk/lib/rust-crypto/backup.js");
RustBackupManager.maxBackupLoopStartDelayMillis = 0;
