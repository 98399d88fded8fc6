/** A thread with little memory that reads Parquet files: what takes more than it has ends the thread. */
import { parentPort, workerData } from 'node:worker_threads'
import { openParquet } from '../../../src/tables/formats/parquet.ts'

const { files, most } = workerData as { files: readonly Uint8Array[]; most: number }
const found: string[] = []
for (const bytes of files) {
  const slice = async (start: number, end: number) => bytes.slice(start, end).buffer as ArrayBuffer
  try {
    const file = await openParquet(bytes.length, slice, (_, total) => {
      if (total > most) throw new RangeError('too much')
    })
    let cells = 0
    for (const group of file.groups)
      for (const index of file.names.keys()) cells += (await file.read(index, group)).length
    found.push(cells === file.rows * file.names.length ? 'read' : 'torn')
  } catch (error) {
    found.push(error instanceof Error ? error.message : String(error))
  }
}
parentPort?.postMessage(found)
