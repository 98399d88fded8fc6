/**
 * `npm run test:tables`: tables that packages of the Python Package Index bring along, trained with no flag but
 * the target, against scikit-learn's forest with preprocessing made by hand, on the same splits. Exit status 1 where a
 * table is behind by more than the bound and no warning says why. Python or a package that is not there is no failure: a
 * line says so. PYTHON names another interpreter, TABLES a directory with the packages, already downloaded.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const cli = join(root, 'dist', 'cli.js')
const python = process.env.PYTHON || 'python3'
const script = join(root, 'test', 'clients', 'real_tables.py')

/** So much of the ROC AUC may be missing, as the mean over the splits. */
const BOUND = 0.01

function ask(...args) {
  const { status, stdout, stderr } = spawnSync(python, [script, ...args], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    timeout: 900_000,
  })
  if (status !== 0) throw new Error(`${args[0]}: ${stderr.trim().slice(-800)}`)
  return stdout
}

const linesOf = (text) =>
  text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))

/** Trains on one split of a table; returns the ROC AUC on its other part and the warnings. */
function train(directory, name, split, target) {
  const part = (which) => join(directory, `${name}.${split}.${which}.csv`)
  const modelDir = join(directory, 'model', `${name}.${split}`)
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [cli, 'train', part('train'), '--target', target, '--validation', part('test')].concat(
      ['--set', 'n_estimators=300', '--seed', String(split)],
      ['--model-dir', modelDir, '--json'],
    ),
    { encoding: 'utf8', maxBuffer: 2 ** 26, timeout: 300_000 },
  )
  if (status !== 0) return { refusal: stderr.trim().split('\n').at(-1) }
  const { validation, warnings } = JSON.parse(stdout)
  return { area: validation.model?.roc_auc ?? validation.roc_auc, warnings }
}

const mean = (numbers) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length

async function main() {
  // tap takes every file below test/ for a test.
  if (process.env.TAP === '1') return 0
  if (spawnSync(python, ['-c', 'import sklearn, pandas']).status !== 0) {
    console.log(`notice: no ${python} with pandas and scikit-learn, the tables are left out`)
    return 0
  }
  if (!existsSync(cli)) {
    console.error('there is no dist/cli.js; npm run build makes it')
    return 2
  }
  const own = process.env.TABLES ? undefined : await mkdtemp(join(tmpdir(), 'shapserve-tables-'))
  const directory = process.env.TABLES || own
  try {
    if (own) process.stdout.write(ask('fetch', own))
    const only = process.argv.slice(2)
    const tables = linesOf(ask('split', directory, ...only))
    const measured = linesOf(ask('measure', directory, ...only))
    let behind = 0
    console.log('table             rows  columns  shapserve  scikit-learn  difference     error  verdict')
    for (const { name, target, rows, columns } of tables) {
      const theirs = measured.filter((line) => line.name === name)
      const ours = theirs.map(({ split }) => train(directory, name, split, target))
      const refusal = ours.find((result) => result.refusal)?.refusal
      const differences = theirs.map(({ roc_auc }, i) => ours[i].area - roc_auc)
      const difference = mean(differences)
      const spread = Math.sqrt(mean(differences.map((d) => (d - difference) ** 2)))
      const error = spread / Math.sqrt(Math.max(1, differences.length - 1))
      const said = [...new Set(ours.flatMap(({ warnings }) => warnings ?? []))]
      const isBehind = !(difference >= -BOUND)
      const isWarned = said.some((line) => /is left out|tells the target/.test(line))
      const verdict = refusal ?? (isBehind ? (isWarned ? 'warned' : 'BEHIND') : 'as good')
      if (refusal || (isBehind && !isWarned)) behind++
      console.log(
        [
          name.padEnd(15),
          String(rows).padStart(6),
          String(columns).padStart(8),
          mean(ours.map(({ area }) => area)).toFixed(4).padStart(10),
          mean(theirs.map(({ roc_auc }) => roc_auc)).toFixed(4).padStart(13),
          difference.toFixed(4).padStart(11),
          error.toFixed(4).padStart(9),
          ` ${verdict}`,
        ].join(' '),
      )
      for (const warning of said) console.log(`                ${warning}`)
    }
    return behind > 0 ? 1 : 0
  } finally {
    if (own) await rm(own, { recursive: true, force: true })
  }
}

process.exitCode = await main()
