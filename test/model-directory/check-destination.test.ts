/** Where a model is to go: what is no model's is neither replaced nor deleted, and is found before the training. */
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { MANIFEST_FILE, TRIALS_FILE } from '../../src/artifact/artifact.ts'
import { encodeArtifact } from '../../src/artifact/encode.ts'
import type { Destination } from '../../src/model-directory/check-destination.ts'
import { CARD_FILE } from '../../src/model-directory/papers.ts'
import { readModelDirectory, sha256 } from '../../src/model-directory/read.ts'
import { openModelWriter } from '../../src/model-directory/write.ts'
import { shapserveHere } from '../command-here.ts'
import { trainSmall } from './model-files.ts'

// Some cases run the command.
t.setTimeout(120_000)

const artifact = await trainSmall('decision_tree')
const modelNames = [...encodeArtifact(artifact, sha256).keys(), 'MODEL_CARD.md']

async function commit(directory: string, allowed?: Destination): Promise<void> {
  const writer = await openModelWriter(directory, allowed)
  await writer
    .commit(artifact, { [CARD_FILE]: `# ${artifact.modelId}\n` })
    .finally(() => writer.release())
}

/** Everything below a directory, by path. */
function contents(directory: string): Record<string, string> {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true })
  return Object.fromEntries(
    entries.map((entry) => {
      const path = join(entry.parentPath, entry.name)
      return [path, entry.isFile() ? readFileSync(path, 'utf8') : '/']
    }),
  )
}

/** Asserts that nothing is made, changed or left over. */
async function refuses(t: Test, directory: string, message: RegExp, allowed?: Destination) {
  const before = contents(directory)
  await t.rejects(openModelWriter(directory, allowed), { name: 'ArtifactError', message })
  t.strictSame(contents(directory), before, 'as it was')
}

t.test('a directory of something else', async (t) => {
  const cases: [string, Record<string, string | Record<string, never>>, RegExp][] = [
    ['source code', { 'main.py': '', src: {} }, /holds "main\.py", "src"; name a new directory/],
    [
      'a manifest of a browser extension',
      { [MANIFEST_FILE]: '{"manifest_version":3}' },
      /"manifest\.json"/,
    ],
    ['a manifest that is none', { [MANIFEST_FILE]: 'null' }, /"manifest\.json"/],
    ['metrics of another tool', { 'metrics.json': '{}' }, /"metrics\.json"/],
    ['trials of another tool', { [TRIALS_FILE]: '[]' }, /"trials\.json"/],
    ['a card of another model', { 'MODEL_CARD.md': '# x' }, /"MODEL_CARD\.md"/],
    ['a file that is to be renamed', { 'page.next': '' }, /"page\.next"/],
  ]
  for (const [name, files, message] of cases)
    await t.test(name, async (t) => {
      const directory = t.testdir(files)
      await refuses(t, directory, message)
      const before = contents(directory)
      await commit(directory, 'in_place_of_others')
      t.equal((await readModelDirectory(directory)).artifact.modelId, artifact.modelId, 'by force')
      for (const [path, text] of Object.entries(before))
        if (!modelNames.some((own) => path.endsWith(`/${own}`)) && !path.endsWith(TRIALS_FILE))
          t.equal(contents(directory)[path], text, `${path} stays`)
    })
})

t.test('beside others, where none has the name of a model file', async (t) => {
  const directory = t.testdir({ 'notes.txt': 'mine', 'page.next': 'mine', 'b.next': {} })
  await commit(directory, 'beside_others')
  await commit(directory)
  t.equal(readFileSync(join(directory, 'page.next'), 'utf8'), 'mine', 'nobody else’s is deleted')
  t.ok(readdirSync(directory).includes('b.next'))
  const taken = t.testdir({ 'notes.txt': 'mine', 'metrics.json': 'mine' })
  await refuses(t, taken, /holds "metrics\.json"; remove/, 'beside_others')
})

t.test('a directory where a file goes', async (t) => {
  for (const name of [...modelNames, TRIALS_FILE].flatMap((own) => [own, `${own}.next`]))
    for (const allowed of ['alone', 'in_place_of_others'] as const) {
      const directory = t.testdir({ model: {} })
      if (allowed === 'alone') await commit(directory, 'in_place_of_others')
      rmSync(join(directory, name), { force: true })
      mkdirSync(join(directory, name))
      await refuses(t, directory, /is a directory, where a file of the model goes/, allowed)
    }
})

t.test('as good as empty', async (t) => {
  const directory = t.testdir({
    '.gitkeep': '',
    'lost+found': {},
    'model.safetensors.next': 'of a training that was killed',
    'manifest.json.next': '{',
  })
  await commit(directory)
  t.strictSame(
    readdirSync(directory).sort(),
    ['.gitkeep', 'lost+found', ...modelNames].sort(),
    'remnants are gone',
  )
  writeFileSync(join(directory, MANIFEST_FILE), '{"format":"shapserve-model"}')
  await commit(directory)
  t.equal((await readModelDirectory(directory)).artifact.modelId, artifact.modelId, 'mended')
})

t.test('directories are made level by level', async (t) => {
  const base = t.testdir({ file: '' })
  await commit(join(base, 'a/b/c'))
  symlinkSync('nowhere', join(base, 'dangling'))
  for (const [path, message] of [
    ['/proc/shapserve', /ENOENT/],
    ['/proc/shapserve/model', /ENOENT/],
    ['/dev/null/model', /ENOTDIR/],
    ['/dev/null', /ENOTDIR/],
    [join(base, 'file/model'), /ENOTDIR/],
    [join(base, 'file'), /ENOTDIR/],
    [join(base, 'dangling'), /ENOENT/],
  ] as const)
    await t.rejects(openModelWriter(path), { code: 'unwritable', message }, path)
})

t.test('a model one level too deep is named', async (t) => {
  const base = t.testdir({ model: {} })
  await commit(join(base, 'model/model'))
  const message = /there is a model in ".*model\/model"/
  await t.rejects(readModelDirectory(join(base, 'model')), { code: 'missing', message })
  await refuses(t, join(base, 'model'), message)
  const { status, stderr } = await shapserveHere(['inspect', 'model'], { cwd: base })
  t.equal(status, 1)
  const named = /there is a model in "([^"]+)"/.exec(stderr)?.[1] ?? ''
  t.equal((await shapserveHere(['inspect', named], { cwd: base })).status, 0, 'as the message says')
})

t.test('train looks before it reads, and --force goes ahead', async (t) => {
  const base = t.testdir({
    work: { 'notes.txt': '' },
    'a.csv': `x,y\n${Array.from({ length: 30 }, (_, i) => `${i / 2},${i % 3 > 0}`).join('\n')}\n`,
  })
  const train = ['--target', 'y', '--estimator', 'decision_tree', '--model-dir', 'work']
  const refused = await shapserveHere(['train', 'absent.csv', ...train], { cwd: base })
  t.strictSame(
    [refused.status, refused.stderr],
    [
      1,
      'shapserve: "work" is not a model directory and holds "notes.txt"; name a new directory, or add --force to write a model there all the same\n',
    ],
  )
  const forced = await shapserveHere(['train', 'a.csv', ...train, '--force'], { cwd: base })
  t.equal(forced.status, 0, forced.stderr)
  t.match(forced.stderr, /^next {6}npx shapserve serve --model-dir work$/m)
  const again = await shapserveHere(['train', 'a.csv', ...train, '--quiet'], { cwd: base })
  t.equal(again.status, 0, 'a model directory now')
})
