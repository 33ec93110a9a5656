// Files as Element Web reads them: with WebCrypto, which is neither Python's nor the library's (spec: "Sending encrypted
// attachments").
import { createHash, webcrypto } from "node:crypto";

// What stands at an address, opened with what the event says of it; without that it lies there in clear.
export async function download(address, accessToken, sealed) {
  const reply = await fetch(address, { headers: { Authorization: `Bearer ${accessToken}` } });
  if (!reply.ok) throw new Error(`the server answers ${reply.status} for the file`);
  const found = Buffer.from(await reply.arrayBuffer());
  const content = sealed ? await opened(found, sealed) : found;
  return {
    mimetype: reply.headers.get("content-type"),
    disposition: reply.headers.get("content-disposition"),
    text: new TextDecoder("utf-8", { fatal: true }).decode(content),
  };
}

async function opened(found, { v: version, key, iv, hashes }) {
  if (version !== "v2") throw new Error(`version ${version} of encrypted attachments`);
  const hash = createHash("sha256").update(found).digest("base64").replace(/=+$/, "");
  if (hash !== hashes.sha256) throw new Error("the file is not the one that the event means");
  const secret = await webcrypto.subtle.importKey("jwk", key, { name: "AES-CTR" }, false, ["encrypt", "decrypt"]);
  const counter = Buffer.from(iv, "base64");
  if (counter.length !== 16 || counter.readBigUInt64BE(8) !== 0n) throw new Error("the counter does not begin at 0");
  return webcrypto.subtle.decrypt({ name: "AES-CTR", counter, length: 64 }, secret, found);
}
