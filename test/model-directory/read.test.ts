/** Reading a model directory: what may stand in its place, and what happens to its files meanwhile. */
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { MANIFEST_FILE, MODEL_FILE } from '../../src/artifact/artifact.ts'
import { decodeManifest } from '../../src/artifact/decode-manifest.ts'
import { loadModelFiles, readModelDirectory, sha256 } from '../../src/model-directory/read.ts'
import { frameOfCells } from '../../src/preprocess/preprocessor.ts'
import {
  asNobody,
  isRoot,
  type Json,
  parseFile,
  REFERENCE,
  reseal,
  sealManifest,
  toBytes,
  withManifest,
  writeFiles,
} from './model-files.ts'
import { probeRows, problemOf, reference, refuses, tree, treeFiles } from './refusals.ts'

const loaded = await readModelDirectory(REFERENCE)
t.equal(
  loaded.artifact.modelId,
  parseFile(reference, MANIFEST_FILE).model_id,
  'the reference loads',
)
t.strictSame(loaded.extraFiles, [])

t.test('no directory, no manifest', async (t) => {
  const directory = t.testdir({ empty: {}, file: 'x', 'line\nbreak': {} })
  const named = (name: string) => new RegExp(`${name}"`)
  await refuses(t, join(directory, 'absent'), 'missing', named('absent'))
  await refuses(t, join(directory, 'empty'), 'missing', /empty" is empty/)
  await refuses(t, join(directory, 'file'), 'missing', named('file'))
  await refuses(t, join(directory, 'file/below'), 'missing', named('below'))
  await refuses(t, join(directory, 'line\nbreak'), 'missing', /line\\nbreak/)
  const bare = writeFiles(join(directory, 'bare'), reference)
  rmSync(join(bare, MANIFEST_FILE))
  await refuses(t, bare, 'missing', named('bare'), 'our own files without the manifest')
})

t.test('file names that lead elsewhere', async (t) => {
  const listed = parseFile(treeFiles, MANIFEST_FILE).files as Json
  const bad = [
    ...['/etc/passwd', '../model.safetensors', '..', '.', '', 'a/b', 'a\\b', '..\\a', 'a\0b'],
    ...['%2e%2e', '/dev/zero', '/proc/self/environ', '.lock', '-x', 'A', 'é', 'a b', 'a\n'],
    ...['__proto__', 'x'.repeat(65), 'file:///etc/passwd', 'c:a'],
  ]
  const outside = writeFiles(t.testdir(), new Map([[MODEL_FILE, new Uint8Array()]]))
  for (const name of bad) {
    // JSON text, because an object literal cannot own a key "__proto__".
    const entry = `${JSON.stringify(name)}:${JSON.stringify(listed[MODEL_FILE])}`
    const text = JSON.stringify({ ...parseFile(treeFiles, MANIFEST_FILE), files: '@' }).replace(
      '"@"',
      `{${entry},${JSON.stringify(listed).slice(1)}`,
    )
    t.throws(
      () => decodeManifest(sealManifest(text), sha256),
      { name: 'ArtifactError', code: 'invalid', message: /not a plain file name/ },
      JSON.stringify(name),
    )
    const directory = writeFiles(
      join(outside, 'model'),
      new Map([...treeFiles, [MANIFEST_FILE, sealManifest(text)]]),
    )
    t.equal((await problemOf(directory))?.code, 'invalid', `${JSON.stringify(name)} on disk`)
  }
})

t.test('links, pipes, devices, directories and sockets', async (t) => {
  const directory = t.testdir()
  const outside = writeFiles(join(directory, 'outside'), treeFiles)
  for (const name of [MANIFEST_FILE, MODEL_FILE]) {
    const place = async (what: string, make: (path: string) => unknown) => {
      const model = writeFiles(join(directory, `${name} ${what}`), treeFiles)
      rmSync(join(model, name))
      await make(join(model, name))
      await refuses(t, model, 'unreadable', new RegExp(name), `${name} is ${what}`)
    }
    await place('a symbolic link', (path) => symlinkSync(join(outside, name), path))
    await place('a link to nothing', (path) => symlinkSync('nothing', path))
    await place('a link to itself', (path) => symlinkSync(path, path))
    await place('a pipe', (path) => execFileSync('mkfifo', [path]))
    await place('a directory', (path) => mkdirSync(path))
    const server = createServer()
    await place('a socket', async (path) => {
      // A socket's path may have 107 bytes only, so it is given from inside the directory.
      const before = process.cwd()
      process.chdir(join(path, '..'))
      await new Promise<void>((resolve) => server.listen(name, resolve))
      process.chdir(before)
    })
    await new Promise((resolve) => server.close(resolve))
    if (isRoot && canMakeDevices(directory))
      await place('a device', (path) => execFileSync('mknod', [path, 'c', '1', '5']))
    else t.comment('a device: only root can make one')
  }
  symlinkSync(outside, join(directory, 'link'))
  t.equal(await problemOf(join(directory, 'link')), undefined, 'the directory itself may be one')
})

function canMakeDevices(directory: string): boolean {
  const path = join(directory, 'device')
  try {
    execFileSync('mknod', [path, 'c', '1', '5'], { stdio: 'ignore' })
    rmSync(path)
    return true
  } catch {
    return false
  }
}

t.test('a file beyond what is read, as its manifest says', async (t) => {
  const directory = writeFiles(t.testdir(), treeFiles)
  const { files, ...rest } = parseFile(treeFiles, MANIFEST_FILE)
  const size = 2 ** 30 + 1
  const listed = files as Record<string, { size: number }>
  const claimed = { ...listed, [MODEL_FILE]: { ...listed[MODEL_FILE], size } }
  writeFileSync(
    join(directory, MANIFEST_FILE),
    sealManifest(JSON.stringify({ ...rest, files: claimed })),
  )
  truncateSync(join(directory, MODEL_FILE), size)
  const before = process.memoryUsage().arrayBuffers
  await refuses(t, directory, 'invalid', /has 1073741825 bytes, at most 1073741824 are read/)
  t.ok(process.memoryUsage().arrayBuffers - before < 2 ** 26, 'it is not read')
})

t.test('a manifest made to exhaust', async (t) => {
  const directory = writeFiles(t.testdir(), treeFiles)
  const write = (text: string) => writeFileSync(join(directory, MANIFEST_FILE), sealManifest(text))
  const manifest = JSON.stringify(parseFile(treeFiles, MANIFEST_FILE))
  const withMember = (text: string) => write(`${manifest.slice(0, -1)},${text}}`)
  const nested = (levels: number) => `"x":${'['.repeat(levels)}${']'.repeat(levels)}`

  truncateSync(join(directory, MANIFEST_FILE), 2 ** 30)
  const before = process.memoryUsage().arrayBuffers
  await refuses(t, directory, 'invalid', /at most 1048576/, '1 GiB')
  t.ok(process.memoryUsage().arrayBuffers - before < 2 ** 26, 'it is not read')
  write(manifest + ' '.repeat((1 << 20) - manifest.length))
  t.equal(await problemOf(directory), undefined, '1 MiB')
  write(manifest + ' '.repeat((1 << 20) + 1 - manifest.length))
  await refuses(t, directory, 'invalid', /at most/, '1 MiB and a byte')
  withMember(nested(31))
  t.equal(await problemOf(directory), undefined, '32 levels')
  withMember(nested(32))
  await refuses(t, directory, 'invalid', /too deep/, '33 levels')
  withMember(nested(200_000))
  await refuses(t, directory, 'invalid', /too deep/, '200,000 levels')
  const keys = Array.from({ length: 10_001 }, (_, i) => `"${i}":0`).join()
  withMember(`"x":{${keys}}`)
  await refuses(t, directory, 'invalid', /too many keys/, '10,001 keys')

  const { classes, ...rest } = parseFile(treeFiles, MANIFEST_FILE)
  write(JSON.stringify({ ...rest, '@': { classes, polluted: 1 } }).replace('"@"', '"__proto__"'))
  await refuses(t, directory, 'invalid', /classes/, 'nothing is inherited from __proto__')
  withMember('"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}')
  t.equal(await problemOf(directory), undefined, '__proto__ is a key like any other')
  write(manifest.replace('"params":{', '"params":{"__proto__":{"polluted":1},'))
  await problemOf(directory)
  t.notOk('polluted' in {}, 'no prototype was touched')

  write('')
  await refuses(t, directory, 'invalid', /not JSON/, 'empty')
  write('[]')
  await refuses(t, directory, 'invalid', /object/, 'a list')
  writeFileSync(join(directory, MANIFEST_FILE), Buffer.from(manifest, 'utf16le'))
  await refuses(t, directory, 'invalid', /not JSON/, 'UTF-16')
})

t.test('files that may not be read', async (t) => {
  // Not below the project, which nobody may be allowed to enter.
  const parent = mkdtempSync(join(tmpdir(), 'shapserve-'))
  t.teardown(() => rmSync(parent, { recursive: true }))
  chmodSync(parent, 0o755)
  for (const name of [MANIFEST_FILE, MODEL_FILE]) {
    const directory = writeFiles(join(parent, name), treeFiles)
    chmodSync(join(directory, name), 0o000)
    await asNobody(async () => {
      await refuses(t, directory, 'unreadable', new RegExp(`${name}.* uid \\d+`), name)
      await refuses(t, directory, 'unreadable', /mode 0?000\b/, `${name}: the mode is named`)
    })
  }
  const directory = writeFiles(join(parent, 'closed'), treeFiles)
  chmodSync(directory, 0o000)
  await asNobody(() => refuses(t, directory, 'unreadable', /closed".* uid \d+/, 'the directory'))
  chmodSync(directory, 0o755)
})

t.test('files replaced or cut while serving', async (t) => {
  const directory = writeFiles(t.testdir(), reference)
  const { predictor, artifact, files } = await readModelDirectory(directory)
  const frame = frameOfCells(artifact.preprocessor.inputs, probeRows(artifact))
  const answers = (own = predictor) => [
    own.predict(frame),
    own.explain(frame, { output: 'all' }).rows,
  ]
  const before = answers()
  for (const name of reference.keys()) {
    writeFileSync(join(directory, name), '{}')
    truncateSync(join(directory, name), 0)
  }
  t.strictSame(answers(), before, 'the same answers')
  const again = loadModelFiles(files)
  t.strictSame(again.artifact, artifact, 'a worker that starts later has the same model')
  const untested = loadModelFiles(files, true).predictor
  t.strictSame(answers(untested), before, 'and gives the same answers without a test of its own')
  rmSync(directory, { recursive: true })
  t.strictSame(answers(), before, 'without a directory too')
})

t.test('a file that grows, shrinks or changes while it is read', async (t) => {
  // A large file is read in many steps, so that changes fall between them.
  const bulk = new Uint8Array(1 << 24)
  const listed = { 'bulk.bin': {}, ...(parseFile(treeFiles, MANIFEST_FILE).files as Json) }
  const files = reseal(withManifest(treeFiles, { files: listed }), { 'bulk.bin': bulk })
  const directory = t.testdir()
  const path = join(directory, 'bulk.bin')
  const loadDuring = async (change: (turn: number) => void) => {
    writeFiles(directory, files)
    let done = false
    const loading = problemOf(directory).finally(() => {
      done = true
    })
    for (let turn = 0; !done; turn++) {
      change(turn)
      await setImmediate()
    }
    return loading
  }
  t.equal(await loadDuring(() => {}), undefined, 'it loads when nothing changes')
  const changes: Record<string, (turn: number) => void> = {
    grows: (turn) => turn > 2 && appendFileSync(path, 'x'),
    shrinks: (turn) => turn > 2 && truncateSync(path, bulk.length - turn),
    'is emptied': (turn) => turn > 2 && truncateSync(path, 0),
    'is written over': (turn) => {
      const file = openSync(path, 'r+')
      writeSync(file, Uint8Array.of(turn | 1), 0, 1, (turn * 4099) % bulk.length)
      closeSync(file)
    },
  }
  for (const [what, change] of Object.entries(changes)) {
    const problem = await loadDuring(change)
    t.match(problem?.code, /^(unreadable|corrupt)$/, `${what}: ${problem?.message}`)
  }
})

t.test('other files in the directory', async (t) => {
  const directory = writeFiles(t.testdir({ logs: { 'a.txt': '' } }), treeFiles)
  for (const name of ['notes.txt', 'model.pkl', 'MODEL_CARD.md', '.lock', 'metrics.json.next'])
    writeFileSync(join(directory, name), 'x')
  symlinkSync('/etc/passwd', join(directory, 'link'))
  const { artifact, extraFiles } = await readModelDirectory(directory)
  t.equal(artifact.modelId, tree.modelId)
  t.strictSame(extraFiles, ['link', 'logs', 'metrics.json.next', 'model.pkl', 'notes.txt'])
})

t.test('models of other tools', async (t) => {
  const directory = t.testdir()
  const foreign = [
    ...['model.pkl', 'model.pickle', 'model.joblib', 'model.onnx', 'booster.json', 'xgboost.model'],
    ...['pytorch_model.bin', 'model.pt'],
  ]
  for (const name of foreign) {
    const model = writeFiles(join(directory, name), new Map([[name, Buffer.from('\x80\x04K*.')]]))
    await refuses(t, model, 'foreign', new RegExp(`"${name}", a foreign artifact`), name)
  }
  const other = { manifest_version: 3, name: 'x', files: {} }
  await refuses(
    t,
    writeFiles(join(directory, 'other'), new Map([[MANIFEST_FILE, toBytes(other)]])),
    'invalid',
    /shapserve model/,
    'a manifest of another tool',
  )
})
