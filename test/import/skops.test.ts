/** skops files: archives that lie, arrays, classes that are not read, and what requests may bring to a pipeline. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { constants, deflateRawSync } from 'node:zlib'
import { strToU8, unzipSync, type Zippable, zipSync } from 'fflate'
import t from 'tap'
import type { Cell } from '../../src/data/frame.ts'
import { draftImport, type ModelWords } from '../../src/import/build-artifact.ts'
import { readModelFile } from '../../src/import/index.ts'
import { readNpy } from '../../src/import/skops/npy.ts'
import { openZip } from '../../src/import/zip.ts'
import { buildPredictor } from '../../src/predictor/predictor.ts'
import { frameOfCells } from '../../src/preprocess/preprocessor.ts'

const fixtures = join(import.meta.dirname, '../fixtures')
const bytesOf = (name: string) => {
  const { model } = JSON.parse(readFileSync(join(fixtures, name), 'utf8'))
  return Buffer.from(model.data, 'base64')
}

function load(bytes: Uint8Array, words: Partial<ModelWords> = {}) {
  return draftImport(
    readModelFile(bytes, 'model.skops', 'auto', {}),
    { target: 'label', ...words },
    '0'.repeat(64),
  )
}

/** The archive of a fixture with another schema. */
function changed(name: string, change: (schema: string) => string): Uint8Array {
  const members: Zippable = unzipSync(bytesOf(name))
  const schema = Buffer.from(members['schema.json'] as Uint8Array).toString()
  const other = change(schema)
  t.not(other, schema, 'something was changed')
  return zipSync({ ...members, 'schema.json': strToU8(other) })
}

const TREE = 'import/skops_tree_counts.json'
const COLUMNS = 'import/skops_pipeline_columns.json'
const REST = 'import/skops_pipeline_rest.json'

t.test('archives', (t) => {
  const text = strToU8('abc '.repeat(1000))
  const zip = zipSync({ 'a/../b': [text, { level: 9 }], stored: [text, { level: 0 }] })
  const archive = openZip(zip)
  t.same(archive.read('a/../b'), text, 'a name is only a name')
  t.same(archive.read('stored'), text)
  t.equal(archive.has('b'), false)
  t.throws(() => archive.read('b'), { message: /the archive has no "b"/ })

  const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const entry = (bytes: Uint8Array, number = 0) => {
    let at = view(bytes).getUint32(bytes.length - 6, true)
    for (let i = 0; i < number; i++)
      at += 46 + view(bytes).getUint16(at + 28, true) + view(bytes).getUint16(at + 30, true)
    return at
  }
  const damage = (change: (view: DataView, entry: number) => void) => {
    const bytes = zip.slice()
    change(view(bytes), entry(bytes))
    return () => openZip(bytes).read('a/../b')
  }
  const cases: readonly [string, () => unknown, RegExp][] = [
    [
      'says that it is smaller',
      damage((v, at) => v.setUint32(at + 24, 10, true)),
      /not of the size that it says/,
    ],
    [
      'says that it is larger',
      damage((v, at) => v.setUint32(at + 24, 5000, true)),
      /not of the size that it says/,
    ],
    [
      'says that it is huge',
      damage((v, at) => v.setUint32(at + 24, 2 ** 31, true)),
      /more than 1073741824 bytes/,
    ],
    [
      'another checksum',
      damage((v, at) => v.setUint32(at + 16, 1, true)),
      /"a\/\.\.\/b" is damaged/,
    ],
    ['encrypted', damage((v, at) => v.setUint16(at + 8, 1, true)), /is encrypted/],
    ['another method', damage((v, at) => v.setUint16(at + 10, 14, true)), /is packed by method 14/],
    [
      'begins elsewhere',
      damage((v, at) => v.setUint32(at + 42, 7, true)),
      /is cut, or its directory is not its own/,
    ],
    ['begins beyond its end', damage((v, at) => v.setUint32(at + 42, 2 ** 31, true)), /is cut/],
    [
      'longer than the file',
      damage((v, at) => v.setUint32(at + 20, 2 ** 30, true)),
      /the archive is cut/,
    ],
    [
      'a directory elsewhere',
      () => {
        const bytes = zip.slice()
        view(bytes).setUint32(bytes.length - 6, 3, true)
        openZip(bytes)
      },
      /member 0 is not in the archive's directory/,
    ],
    [
      'too many members',
      () => {
        const bytes = zip.slice()
        view(bytes).setUint16(bytes.length - 12, 20_001, true)
        openZip(bytes)
      },
      /20001 members, at most 20000/,
    ],
    [
      'numbers that stand elsewhere',
      () => {
        const bytes = zip.slice()
        view(bytes).setUint16(bytes.length - 12, 65_535, true)
        openZip(bytes)
      },
      /of the form zip64, which is not read/,
    ],
    ['no directory', () => openZip(zip.slice(0, -4)), /has no directory/],
    [
      'a name twice',
      () => {
        const bytes = zipSync({ ab: text, cd: text })
        bytes.set(strToU8('ab'), entry(bytes, 1) + 46)
        openZip(bytes)
      },
      /has "ab" twice/,
    ],
  ]
  for (const [name, act, message] of cases) t.throws(act, { message }, name)
  t.end()
})

t.test('a bomb is not unpacked further than it says', (t) => {
  // Zeros whose packed bytes can be repeated, because a flush ends them.
  const piece = deflateRawSync(Buffer.alloc(2 ** 20), { finishFlush: constants.Z_SYNC_FLUSH })
  const packed = Buffer.concat([
    ...Array.from({ length: 256 }, () => piece),
    deflateRawSync(Buffer.of(1)),
  ])
  const bomb = zipSync({ x: [packed, { level: 0 }] })
  const view = new DataView(bomb.buffer)
  const entry = bomb.length - 22 - 47
  view.setUint16(entry + 10, 8, true)
  view.setUint32(entry + 24, 1000, true)
  const before = process.memoryUsage().arrayBuffers
  t.throws(() => openZip(bomb).read('x'), { message: /not of the size that it says/ })
  t.ok(process.memoryUsage().arrayBuffers - before < 2 ** 26, 'of 2^28 bytes a few pieces at most')
  t.end()
})

/** The bytes that np.save writes for a header and data. */
function npyOf(header: string, data: ArrayLike<number> & ArrayBufferView): Uint8Array {
  const text = `${header}\n`
  const bytes = new Uint8Array(10 + text.length + data.byteLength)
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, text.length & 255, text.length >> 8])
  bytes.set(strToU8(text), 10)
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 10 + text.length)
  return bytes
}

t.test('arrays', (t) => {
  const six = Float64Array.of(1, 2, 3, 4, 5, 6)
  const header = (descr: string, shape: string, order = 'False') =>
    `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': (${shape}), }`
  const plain = readNpy(npyOf(header("'<f8'", '2, 3'), six), 'a')
  t.strictSame(
    [plain.shape, [...plain.numbers()]],
    [
      [2, 3],
      [1, 2, 3, 4, 5, 6],
    ],
  )
  const turned = readNpy(npyOf(header("'<f8'", '2, 3', 'True'), six), 'a')
  t.strictSame([...turned.numbers()], [1, 3, 5, 2, 4, 6], 'columns first')
  const texts = readNpy(npyOf(header("'<U2'", '2,'), Uint32Array.of(97, 0, 252, 0x1f600)), 'a')
  t.strictSame(texts.texts(), ['a', 'ü😀'])
  const records = readNpy(
    npyOf(
      header("[('x', '<f8'), ('', '|V3'), ('y', '|u1')]", '1,'),
      Uint8Array.of(0, 0, 0, 0, 0, 0, 240, 63, 9, 9, 9, 7),
    ),
    'a',
  )
  t.strictSame([records.numbers('x')[0], records.numbers('y')[0], records.has('z')], [1, 7, false])
  const single = readNpy(npyOf(header("'<i4'", ''), Int32Array.of(-5)), 'a')
  t.strictSame([single.length, single.numbers()[0]], [1, -5])
  const cases: readonly [Uint8Array, RegExp][] = [
    [npyOf(header("'|O'", '2,'), six), /holds the type "'\|O'"/],
    [npyOf(header("'>f8'", '6,'), six), /holds the type "'>f8'", which is not read/],
    [npyOf(header("'<f8'", '999999999, 999999999'), six), /has 48 bytes for the shape/],
    [npyOf(header("'<f8'", '5,'), six), /has 48 bytes for the shape \(5\)/],
    [npyOf(header("'<M8'", '6,'), six), /holds the type M8/],
    [npyOf(header("[('x', '<f8'), ('x', '<f8')]", '3,'), six), /has the field x twice/],
    [npyOf(header("__import__('os')", '6,'), six), /which is not read/],
    [npyOf('{}', six), /header that np.save does not write/],
    [npyOf(header("'<U1'", '1,'), Uint32Array.of(0x110000)), /a character beyond Unicode/],
    [npyOf(header("'<U0'", '999999999,'), new Uint32Array()), /holds texts without a character/],
    [Uint8Array.of(1, 2, 3), /is not one of np.save/],
  ]
  for (const [bytes, message] of cases)
    t.throws(
      () => {
        const array = readNpy(bytes, 'a')
        if (array.kind === 'texts') array.texts()
        else array.numbers()
      },
      { message },
      String(message),
    )
  t.end()
})

t.test('what is refused, and how', (t) => {
  const half = { __class__: 'str', __module__: 'builtins', __loader__: 'JsonNode', content: '0.5' }
  const oneNumber = JSON.stringify({
    ...{ __class__: 'list', __module__: 'builtins', __loader__: 'ListNode' },
    content: [half],
  })
  const cases: readonly [string, () => unknown, RegExp][] = [
    [
      'another classifier',
      () =>
        load(
          changed(TREE, (s) =>
            s
              .replace('"DecisionTreeClassifier"', '"SVC"')
              .replace('"sklearn.tree._classes"', '"sklearn.svm._classes"'),
          ),
        ),
      /^sklearn.svm._classes.SVC is not read; DecisionTreeClassifier, .*, LGBMClassifier, XGBClassifier are$/,
    ],
    [
      'a class of that name elsewhere',
      () => load(changed(TREE, (s) => s.replace('"sklearn.tree._classes"', '"evil.tree"'))),
      /^evil.tree.DecisionTreeClassifier is not read; /,
    ],
    [
      'another transformer',
      () => load(changed(COLUMNS, (s) => s.replaceAll('"StandardScaler"', '"PowerTransformer"'))),
      /^sklearn.preprocessing._data.PowerTransformer is not read; of what stands before a classifier, Pipeline, .* are$/,
    ],
    [
      'indicators',
      () =>
        load(
          changed(COLUMNS, (s) =>
            s.replace(/("add_indicator": \{[^}]*"content": )"false"/g, '$1"true"'),
          ),
        ),
      /SimpleImputer with add_indicator is not read/,
    ],
    [
      'a mean too few',
      () =>
        load(
          changed(COLUMNS, (s) =>
            s.replace(/("mean_": )\{[^}]*\}/, (_, key) => `${key}${oneNumber}`),
          ),
        ),
      /was made for 1 columns, it gets 2$/,
    ],
    [
      'another mark of gaps',
      () =>
        load(
          changed(COLUMNS, (s) =>
            s.replace(/("missing_values": \{[^}]*"content": )"NaN"/g, '$1"-1"'),
          ),
        ),
      /with missing_values other than NaN is not read/,
    ],
    [
      'several targets',
      () =>
        load(changed(TREE, (s) => s.replace(/("n_outputs_": \{[^}]*"content": )"1"/g, '$1"2"'))),
      /predicts 2 targets/,
    ],
    [
      'another loss',
      () =>
        load(
          changed('import/skops_boosting_3.json', (s) =>
            s.replace(/("loss": \{[^}]*"content": )"\\"log_loss\\""/, '$1"\\"huber\\""'),
          ),
        ),
      /with loss="huber" is not read/,
    ],
    [
      'another start',
      () =>
        load(
          changed('import/skops_boosting_3.json', (s) => s.replace('"DummyClassifier"', '"SVC"')),
        ),
      /that starts from another model \(init\) is not read/,
    ],
    [
      'an object in itself',
      () =>
        load(
          changed(TREE, (s) => {
            const schema = JSON.parse(s)
            schema.content.content.classes_ = {
              __class__: 'x',
              __module__: 'y',
              __loader__: 'CachedNode',
              __id__: schema.__id__,
            }
            schema.content.content.tree_ = schema.content.content.classes_
            return JSON.stringify(schema)
          }),
        ),
      /must be|has no|nested too deep/,
    ],
    [
      'an object that is not there',
      () =>
        load(
          changed(TREE, (s) => {
            const schema = JSON.parse(s)
            schema.content.content.classes_ = {
              __class__: 'x',
              __module__: 'y',
              __loader__: 'CachedNode',
              __id__: 1.5,
            }
            return JSON.stringify(schema)
          }),
        ),
      /the model.classes_ is an object that is not there/,
    ],
    [
      'a deep schema',
      () => load(changed(TREE, (s) => `${'{"a":'.repeat(1e5)}${s}${'}'.repeat(1e5)}`)),
      /nested too deep/,
    ],
    ['no schema', () => load(zipSync({ a: strToU8('b') })), /a zip archive without schema.json/],
    [
      'a pickle',
      () => load(Buffer.from('\x80\x04\x95ab', 'latin1')),
      /^model.skops is a Python pickle, which can run code and is not read; in Python: import joblib, skops.io; skops.io.dump\(joblib.load\("model.skops"\), "model.skops"\)$/,
    ],
    [
      'rounds',
      () => readModelFile(bytesOf(TREE), 'm', 'auto', { rounds: 3 }),
      /--rounds is for XGBoost/,
    ],
    [
      'missing',
      () => load(bytesOf(COLUMNS), { missing: -1 }),
      /--missing is for models without a pipeline/,
    ],
  ]
  for (const [name, act, message] of cases) t.throws(act, { message }, name)
  t.end()
})

t.test('which link a logistic regression of three classes has', (t) => {
  const attribute = (value: string) => ({
    __class__: 'str',
    __module__: 'builtins',
    __loader__: 'JsonNode',
    content: JSON.stringify(value),
  })
  const linkOf = (given: Readonly<Record<string, string>>) => {
    const bytes = changed('import/skops_logistic_3.json', (text) => {
      const schema = JSON.parse(text)
      for (const [name, value] of Object.entries(given))
        schema.content.content[name] = attribute(value)
      return JSON.stringify(schema)
    })
    const { model } = load(bytes)
    return model.kind === 'linear' && model.link
  }
  // scikit-learn's own rule: the default of multi_class is auto, from 1.5 on deprecated.
  const cases: readonly [way: string, solver: string, version: string, link: string][] = [
    ['auto', 'lbfgs', '1.4.2', 'softmax'],
    ['auto', 'liblinear', '1.4.2', 'one_vs_rest'],
    ['deprecated', 'lbfgs', '1.5.0', 'softmax'],
    ['deprecated', 'liblinear', '1.5.0', 'one_vs_rest'],
    ['deprecated', 'liblinear', '1.7.2', 'one_vs_rest'],
    ['auto', 'newton-cholesky', '1.4.2', 'one_vs_rest'],
    ['deprecated', 'newton-cholesky', '1.5.2', 'one_vs_rest'],
    ['deprecated', 'newton-cholesky', '1.6.0', 'softmax'],
    ['deprecated', 'newton-cholesky', '1.10.0', 'softmax'],
    ['multinomial', 'newton-cholesky', '1.4.2', 'softmax'],
    ['ovr', 'lbfgs', '1.7.2', 'one_vs_rest'],
  ]
  for (const [multi_class, solver, version, link] of cases)
    t.equal(
      linkOf({ multi_class, solver, _sklearn_version: version }),
      link,
      `${multi_class}, ${solver}, ${version}`,
    )
  t.throws(() => linkOf({ solver: 'newton-cholesky', _sklearn_version: '?' }), {
    message: /LogisticRegression with solver="newton-cholesky" is not read without its version$/,
  })
  t.end()
})

t.test('requests bring the original columns', (t) => {
  const { preprocessor, classes, engine, estimator } = load(bytesOf(COLUMNS))
  t.strictSame(
    [classes, engine, estimator],
    [['no', 'yes'], 'scikit-learn 1.9.1', 'logistic_regression'],
  )
  t.strictSame(
    preprocessor.inputs.map(({ name, type, nullable, categories }) => [
      name,
      type,
      nullable,
      categories?.length ?? 0,
    ]),
    [
      ['gap', 'number', true, 0],
      ['d', 'number', true, 0],
      ['colour', 'text', true, 3],
      ['count', 'number', false, 0],
      ['rare', 'text', true, 7],
    ],
  )
  t.strictSame(preprocessor.otherColumns, ['a', 'c'])
  t.equal(load(bytesOf(TREE)).preprocessor.inputs.length, 4)
  t.end()
})

t.test('levels that the model was not given are made and not used', (t) => {
  const artifact = load(bytesOf(REST))
  const predictor = buildPredictor(artifact)
  const { inputs } = artifact.preprocessor
  const predict = (cells: Record<string, Cell>) =>
    predictor.predict(
      frameOfCells(inputs, [inputs.map(({ name, example }) => cells[name] ?? example)]),
    ).probabilities
  const names = predictor.preprocessor.featureNamesOut
  t.ok(names.includes('colour=blü'), 'the level that drop="first" left out')
  t.ok(names.includes('rare=(other)'))
  t.strictSame(
    predict({ rare: 'g' }),
    predict({ rare: 'unheard of' }),
    'unknown ones are infrequent',
  )
  t.end()
})

t.test("XGBoost's classifier says what was missing", (t) => {
  const { rows, library } = JSON.parse(readFileSync(join(fixtures, 'xgb-classifier.json'), 'utf8'))
  const artifact = load(bytesOf('xgb-classifier.json'))
  t.match(artifact.engine, /^xgboost 3/)
  const frame = frameOfCells(artifact.preprocessor.inputs, rows)
  const { probabilities } = buildPredictor(artifact).predict(frame)
  library.probabilities.flat().forEach((p: number, i: number) => {
    t.ok(Math.abs(p - probabilities[i]!) < 1e-6)
  })
  t.end()
})

t.test('the positive class comes last, of trees and of linear models', (t) => {
  for (const name of [TREE, COLUMNS]) {
    const [as, turned] = [undefined, 'no'].map((positiveClass) =>
      load(bytesOf(name), { positiveClass }),
    )
    t.strictSame(
      [as?.classes, turned?.classes],
      [
        ['no', 'yes'],
        ['yes', 'no'],
      ],
    )
    const [first, second] = [as, turned].map((artifact) => {
      const { inputs } = artifact!.preprocessor
      const frame = frameOfCells(inputs, [inputs.map(({ example }) => example)])
      return buildPredictor(artifact!).predict(frame).probabilities
    })
    first?.forEach((p, i) => {
      t.ok(Math.abs(p - second![i ^ 1]!) < 1e-15)
    })
  }
  t.end()
})
