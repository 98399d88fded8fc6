/** The models that cases name, trained by the built command and laid out as containers have them. */
import { cp, mkdir, open, readFile, writeFile } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import { sampleRows } from './generate.ts'
import { runCommand } from './process.ts'

export interface Models {
  /** Lays a case's model out below a base directory, which stands for /opt/ml. */
  readonly layOut: (name: string, base: string) => Promise<void>
}

interface Recipe {
  readonly columns: number
  /** Classes from the lowest level to the highest. */
  readonly classes: readonly string[]
  readonly args: readonly string[]
}

const ROWS = 300

const recipes: Readonly<Record<string, Recipe>> = {
  // A regression, because then every column of every row changes the score: a mix-up cannot stay unseen.
  bin3: { columns: 3, classes: ['0', '1'], args: ['--estimator', 'logistic_regression'] },
  bin1: { columns: 1, classes: ['0', '1'], args: ['--estimator', 'logistic_regression'] },
  multi3: {
    columns: 3,
    classes: ['a', 'b', 'c'],
    args: ['--estimator', 'random_forest', '--set', 'n_estimators=10', '--set', 'max_depth=4'],
  },
}

/** Returns the models of a run; each is trained once, below a directory of the runner's own. */
export function createModels(cli: string, directory: string): Models {
  const trained = new Map<string, Promise<string>>()
  const provide = (name: string, recipe: Recipe) => {
    const known = trained.get(name) ?? train(cli, join(directory, name), name, recipe)
    trained.set(name, known)
    return known
  }
  const bin3 = () => provide('bin3', recipes.bin3 as Recipe)
  return {
    async layOut(name, base) {
      await mkdir(base, { recursive: true })
      if (name === 'none') return
      if (name === 'mme' || name === 'huge') {
        for (const model of ['m1', 'm2']) await copy(await bin3(), join(base, 'models', model))
        await makeHuge(await bin3(), join(base, 'models/huge'))
        if (name === 'huge') await makeHuge(await bin3(), base)
        return
      }
      const recipe = Object.hasOwn(recipes, name) ? recipes[name] : undefined
      if (!recipe) throw new Error(`the model "${name}" is not known`)
      await copy(await provide(name, recipe), base)
    },
  }
}

async function train(cli: string, directory: string, name: string, recipe: Recipe) {
  const columns = Array.from({ length: recipe.columns }, (_, j) => `f${j + 1}`)
  const lines = sampleRows(ROWS, recipe.columns).map(({ values, level }) => {
    const label = recipe.classes[Math.floor(clamp(level) * recipe.classes.length)]
    return [...values, label].join(',')
  })
  await mkdir(directory, { recursive: true })
  const file = join(directory, 'train.csv')
  await writeFile(file, `${[...columns, 'label'].join(',')}\n${lines.join('\n')}\n`)
  const model = join(directory, 'model')
  const { status, stderr } = await runCommand(cli, [
    ...['train', file, '--target', 'label', '--model-dir', model, '--quiet', ...recipe.args],
    ...columns.flatMap((column) => ['--numeric', column]),
  ])
  if (status !== 0) throw new Error(`the model ${name} could not be trained: ${stderr.trim()}`)
  return model
}

/** Keeps a level below 1, so that it falls into a class. */
function clamp(level: number): number {
  return Math.min(Math.max(level, 0), 1 - Number.EPSILON)
}

async function copy(model: string, base: string): Promise<void> {
  await cp(model, join(base, 'model'), { recursive: true })
}

const GIBIBYTE = 2 ** 30

/** A model whose manifest lists more bytes than the machine has memory; the files have holes instead of data. */
async function makeHuge(model: string, base: string): Promise<void> {
  await copy(model, base)
  const path = join(base, 'model/manifest.json')
  const manifest = JSON.parse(await readFile(path, 'utf8')) as { files: Record<string, object> }
  const count = Math.ceil(totalmem() / GIBIBYTE) + 1
  for (let i = 0; i < count; i++) {
    const name = `weights-${i}.safetensors`
    const handle = await open(join(base, 'model', name), 'w')
    await handle.truncate(GIBIBYTE)
    await handle.close()
    manifest.files[name] = { size: GIBIBYTE, sha256: '0'.repeat(64) }
  }
  await writeFile(path, JSON.stringify(manifest))
}
