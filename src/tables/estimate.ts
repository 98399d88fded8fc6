/** What files will probably hold, judged by their beginnings. */
import { InputError, inFile } from '../errors.ts'
import type { Header } from './formats/csv.ts'
import { createTableBuilder } from './formats/table-builder.ts'
import { createReader, openParquetFile, type SourceFile } from './source-file.ts'

/** What the files will probably hold. */
export interface Expected {
  readonly rows: number
  readonly columns: number
  /** Columns whose first part is text. */
  readonly texts: ReadonlySet<string>
}

/** Judges all files by the first piece of one of them; Parquet files say how many rows they have. */
export async function estimate(files: readonly SourceFile[], header: Header): Promise<Expected> {
  let rows = 0
  let columns = 0
  let texts = new Set<string>()
  let sample: Sample | undefined
  for (const file of files) {
    if (file.form.format === 'parquet') {
      const parquet = await openParquetFile(file).catch((error) => {
        throw inFile(file.path, error)
      })
      rows += parquet.rows
      columns = Math.max(columns, parquet.names.length)
    } else {
      if (!sample) {
        sample = await readSample(file, header)
        columns = Math.max(columns, sample.columns)
        texts = new Set(sample.texts)
      }
      rows += Math.ceil((file.form.textSize ?? file.size) * sample.rowsPerByte)
    }
  }
  return { rows: rows + 1, columns, texts }
}

interface Sample {
  /** Rows of a byte of the file as it lies there, packed or not. */
  readonly rowsPerByte: number
  readonly columns: number
  readonly texts: readonly string[]
}

/** How much of a file is looked at before it is read. */
const SAMPLE = 2 ** 21
/** Small pieces tell how many packed bytes the unpacked ones were. */
const SAMPLE_PIECE = 2 ** 16
/** How many more rows there may be than the sample says before memory has to be moved. */
const SLACK = 1.1

/** Reads the beginning of a file. What is wrong with it will be said when the file is read. */
async function readSample(file: SourceFile, header: Header): Promise<Sample> {
  const builder = createTableBuilder({ capacity: 16 })
  let packed = 0
  const counted = async function* () {
    for await (const piece of file.pieces(SAMPLE_PIECE)) {
      packed += piece.length
      yield piece
    }
  }
  let isWhole = true
  let unpacked = 0
  try {
    const reader = createReader(file, header, builder.openFile(file.name))
    for await (const piece of file.form.text(counted())) {
      isWhole = unpacked < SAMPLE || builder.rows === 0
      if (!isWhole) break
      reader.write(piece)
      unpacked += piece.length
    }
    if (isWhole) reader.end()
  } catch (error) {
    if (!(error instanceof InputError)) throw error
  }
  const { rows, names } = builder
  return {
    rowsPerByte:
      (rows / Math.max(1, file.form.isArchive ? unpacked : packed)) * (isWhole ? 1 : SLACK),
    columns: names.length,
    texts: builder.texts(),
  }
}
