/** Plots over HTTP: which options of a query string are the plot's, and which those of the explanation. */
import { optionNames } from '../answering/explain-options.ts'
import type { MediaType } from '../answering/media-type.ts'
import { pictureOptions } from '../answering/picture.ts'
import { findCodec } from '../codecs/index.ts'
import { didYouMean, InputError, listNames, quote } from '../errors.ts'
import { DEFAULT_PLOT, findPlot } from '../plots/index.ts'

type Entries = readonly (readonly [name: string, value: unknown])[]

export interface PlotQuery {
  readonly plot: string
  /** Has the plot's options among its parameters; those of the query string win. */
  readonly answer: MediaType
  /** What is left for the explanation. */
  readonly options: Entries
}

/** Options of explanations that those of a model's sample take. */
const sampleOptions = ['output', 'space', 'method']

/**
 * Returns a query string's options as those of a plot and those of explanations; what both know is for both.
 * @throws InputError `invalid_option` for a plot that there is not, for one as another type, or an option given twice
 */
export function readPlotQuery(
  query: Readonly<Record<string, unknown>>,
  answer: MediaType,
  fallback = DEFAULT_PLOT,
): PlotQuery {
  if (findCodec(answer.essence)?.picture === undefined)
    throw new InputError(
      'invalid_option',
      `plot is for image/svg+xml and image/png, but Accept asks for ${answer.essence}`,
    )
  const plot = readText('plot', query.plot) ?? answer.parameters.get('plot') ?? fallback
  const names = Object.keys(pictureOptions(findPlot(plot)))
  const entries = Object.entries(query)
  const own = entries.flatMap(([name, value]) =>
    names.includes(name) ? [[name, readText(name, value) as string] as const] : [],
  )
  return {
    plot,
    answer: { ...answer, parameters: new Map([...answer.parameters, ['plot', plot], ...own]) },
    options: entries.filter(
      ([name]) => name !== 'plot' && (!names.includes(name) || optionNames.includes(name)),
    ),
  }
}

/**
 * Returns the query of a plot of the model itself.
 * @throws InputError as {@link readPlotQuery}, and for an option that neither the plot nor its explanations have
 */
export function readModelPlotQuery(
  query: Readonly<Record<string, unknown>>,
  answer: MediaType,
): PlotQuery {
  const read = readPlotQuery(query, answer, 'bar')
  const stranger = read.options.find(([name]) => !sampleOptions.includes(name))
  if (!stranger) return read
  const own = Object.keys(pictureOptions(findPlot(read.plot)))
  const names = [...new Set(['plot', ...own, ...sampleOptions])]
  throw new InputError(
    'invalid_option',
    `there is no option ${quote(stranger[0])}${didYouMean(stranger[0], names)}; there are ${listNames(names)}`,
  )
}

function readText(name: string, value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value
  throw new InputError('invalid_option', `${name} is given more than once`)
}
