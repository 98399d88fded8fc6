/** Files that people have and that are not read: by their first bytes, with what helps. */

interface ForeignKind {
  matches(head: string): boolean
  describe(file: string, head: string): string
}

const kinds: readonly ForeignKind[] = [
  {
    matches: (head) => head.charCodeAt(0) === 0x80 && head.charCodeAt(1) <= 8,
    describe: (file, head) =>
      `${file} is a Python pickle, which can run code and is not read; ${
        /xgboost/.test(head)
          ? `in Python: pickle.load(open(${JSON.stringify(file)}, "rb")).save_model("model.ubj")`
          : `in Python: import joblib, skops.io; skops.io.dump(joblib.load(${JSON.stringify(file)}), "model.skops")`
      }`,
  },
  {
    matches: (head) => head.startsWith('\x1f\x8b'),
    describe: (file) =>
      `${file} is packed with gzip; unpack it (tar -xzf ${file}) and import the file in it, such as xgboost-model`,
  },
  {
    matches: (head) => head.slice(257, 262) === 'ustar',
    describe: (file) =>
      `${file} is a tar archive; unpack it (tar -xf ${file}) and import the file in it, such as xgboost-model`,
  },
  {
    matches: (head) => head.startsWith('CBM1'),
    describe: (file) =>
      `${file} is CatBoost's binary form, which is not read; in Python: CatBoostClassifier().load_model(${JSON.stringify(file)}).save_model("model.json", format="json", pool=…), with the training data as pool`,
  },
  {
    matches: (head) => head.startsWith('{') && head.includes('"format": "shapserve-model"'),
    describe: (file) => `${file} is the manifest of a model directory, which is served as it is`,
  },
]

/** How much of a file is looked at. */
const HEAD = 2 ** 16

/** Returns why a file of another kind is not read, or undefined. */
export function describeForeign(bytes: Uint8Array, file: string): string | undefined {
  const head = latin1(bytes.subarray(0, HEAD))
  return kinds.find(({ matches }) => matches(head))?.describe(file, head)
}

/** One character per byte; decoders take this name for another encoding. */
function latin1(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}
