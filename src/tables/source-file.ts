/** An open file of rows, and what reads it. */
import type { FileForm } from './file-form.ts'
import { createCsvReader, type Header, type TableReader } from './formats/csv.ts'
import { createJsonArrayReader } from './formats/json-array.ts'
import { createJsonLinesReader } from './formats/json-lines.ts'
import { openParquet, type ParquetFile } from './formats/parquet.ts'
import type { TableFile } from './formats/table-builder.ts'
import type { InputFile } from './input-files.ts'
import type { ProcessBudget } from './memory.ts'

/** An open file of a known kind. */
export interface SourceFile extends InputFile {
  readonly name: string
  readonly form: FileForm
  /** Whether there are flags that say how it is written. */
  readonly hasFlags: boolean
}

/** Returns the reader of a file of text. */
export function createReader(file: SourceFile, header: Header, target: TableFile): TableReader {
  const { format, examined } = file.form
  if (format === 'json') return createJsonArrayReader(target)
  if (format === 'jsonl') return createJsonLinesReader(target)
  return createCsvReader(target, header, undefined, examined)
}

/** Opens a Parquet file; its columns ask the budget for memory. */
export function openParquetFile(file: SourceFile, budget?: ProcessBudget): Promise<ParquetFile> {
  const slice = async (start: number, end: number) => {
    const bytes = await file.slice(start, end)
    return bytes.slice().buffer as ArrayBuffer
  }
  return openParquet(file.size, slice, (column) => budget?.check(column))
}
