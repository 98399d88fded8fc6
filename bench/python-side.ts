/** Running a benchmark's other side in Python, on the same data. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LabelledMatrix } from './data.ts'

const PYTHON = process.env['PYTHON'] ?? 'python3'
/** One thread, whatever library multiplies. */
const ONE_THREAD = { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', MKL_NUM_THREADS: '1' }

/** Returns whether Python can import a module; says so where it cannot. */
export function hasPythonModule(name: string): boolean {
  const isThere = spawnSync(PYTHON, ['-c', `import ${name}`]).status === 0
  if (!isThere) console.log(`no ${name} in ${PYTHON}: only our side is measured\n`)
  return isThere
}

/** Returns the object that a script of bench/python prints. */
export function runPython<T>(script: string, args: readonly (string | number)[]): T {
  const run = spawnSync(PYTHON, [join('bench', 'python', script), ...args.map(String)], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, ...ONE_THREAD },
  })
  if (run.status !== 0) throw new Error(run.stderr)
  return JSON.parse(run.stdout) as T
}

/** Calls `use` with a folder that holds X (doubles, row-major) and y (32-bit integers) as raw bytes. */
export async function withDataFolder<T>(
  { X, y }: LabelledMatrix,
  use: (folder: string) => T | Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'shapserve-bench-'))
  try {
    writeFileSync(join(folder, 'X'), X.data)
    writeFileSync(join(folder, 'y'), y)
    return await use(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
