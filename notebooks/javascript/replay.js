// `node replay.js FOLDER`: runs the model of a bundle with nothing but onnxruntime's own package and
// checks its answers against the golden vectors, those of the original model.
//
// Needs `npm install` beside this file (or onnxruntime-node, installed with
// ONNXRUNTIME_NODE_INSTALL=skip). The same code runs in a browser: there, fetch the two files.

"use strict";

const fs = require("node:fs");
const path = require("node:path");

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

// Of the two packages, the one that is installed.
function runtime() {
  for (const name of ["onnxruntime-node", "onnxruntime-web"]) {
    try {
      return require(name);
    } catch (error) {
      if (error.code !== "MODULE_NOT_FOUND") throw error;
    }
  }
  throw new Error("neither onnxruntime-node nor onnxruntime-web is installed; run npm install");
}

// {dtype, shape, data} as a tensor. Texts stay texts, 64-bit integers become BigInt.
function tensor(ort, { dtype, shape, data }) {
  if (dtype === "string") return new ort.Tensor("string", data, shape);
  if (dtype === "int64") return new ort.Tensor("int64", BigInt64Array.from(data.map(BigInt)), shape);
  if (!(dtype in ARRAYS)) throw new Error(`this example has no array for ${dtype}`);
  // Number() reads the texts "NaN", "Infinity" and "-Infinity" too.
  return new ort.Tensor(dtype, ARRAYS[dtype].from(data, Number), shape);
}

// The largest absolute difference; Infinity where shapes, texts or integers are not the same.
function difference(answer, expected, tolerance, scale) {
  if (answer.type !== expected.dtype || answer.dims.join() !== expected.shape.join()) return Infinity;
  let worst = 0;
  for (const [index, value] of Array.from(answer.data).entries()) {
    const original = expected.data[index];
    if (expected.dtype === "string") {
      if (value !== original) return Infinity;
      continue;
    }
    const [one, other] = [Number(value), Number(original)];
    if (Object.is(one, other) || one === other) continue;
    const gap = Math.abs(one - other);
    const allowed = tolerance * (scale[index % scale.length] + Math.abs(other));
    if (!(gap <= allowed) || gap === Infinity) return Infinity;
    worst = Math.max(worst, gap);
  }
  return worst;
}

async function main(folder) {
  const ort = runtime();
  const golden = JSON.parse(fs.readFileSync(path.join(folder, "golden.json"), "utf8"));
  if (golden.format_version !== 1) throw new Error(`format version ${golden.format_version} is not known`);
  const session = await ort.InferenceSession.create(fs.readFileSync(path.join(folder, "model.onnx")));
  let worst = 0;
  for (const [number, { inputs, outputs }] of golden.vectors.entries()) {
    const feeds = Object.fromEntries(
      Object.entries(inputs).map(([name, facts]) => [name, tensor(ort, facts)]),
    );
    const answers = await session.run(feeds);
    for (const [name, expected] of Object.entries(outputs)) {
      const scale = golden.scale?.[name] ?? [1];
      const gap = difference(answers[name], expected, golden.tolerance[name] ?? 0, scale);
      if (gap === Infinity) throw new Error(`vector ${number}: ${name} is not the original's`);
      worst = Math.max(worst, gap);
    }
  }
  console.log(`${golden.vectors.length} golden vectors, largest difference ${worst.toExponential(1)}`);
}

main(process.argv[2]).catch((error) => {
  console.error(String(error.message ?? error));
  process.exit(1);
});
