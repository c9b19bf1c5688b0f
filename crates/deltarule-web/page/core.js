// The core in WebAssembly. Every number on the page comes from here.

import init, { Page, activations, cloud, columns, version } from "./wasm.js";

/** Loads the core: from the page itself where that is one file, from beside it otherwise. It is packed by gzip, and unpacked by the browser. */
export async function load() {
  const within = document.getElementById("wasm");
  const packed = within ? bytesOf(within.textContent.trim()) : new Uint8Array(await (await found("core.bin")).arrayBuffer());
  // A host may have unpacked it on the way.
  const isPacked = packed[0] === 0x1f && packed[1] === 0x8b;
  await init({ module_or_path: isPacked ? await unpacked(packed) : packed });
}

async function found(name) {
  const response = await fetch(new URL(name, document.baseURI));
  if (!response.ok) throw new Error(`${name} is not there (${response.status})`);
  return response;
}

function unpacked(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

function bytesOf(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let k = 0; k < text.length; k++) bytes[k] = text.charCodeAt(k);
  return bytes;
}

export { Page, activations, cloud, columns, version };
