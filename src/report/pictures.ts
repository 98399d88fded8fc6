/** The pictures of a report: all plots that show a model, as far as it has what they are drawn from. */
import type { Artifact } from '../artifact/artifact.ts'
import { classLabel, columnLabel } from '../data/readable.ts'
import { InputError } from '../errors.ts'
import { drawModelPlot, drawPlot, plots } from '../plots/index.ts'
import type { Predictor } from '../predictor/predictor.ts'
import { type Html, tag } from './html.ts'
import { type Omission, REPORT_SECONDS } from './left-out.ts'
import { type Asked, createSample, forecastSample, type Sample } from './sample.ts'

/** Columns whose dependence is shown, those that push most. */
const DEPENDENCES = 6
/** Classes of more than two that have pictures of their own, those with the largest SHAP values. */
const MOST_CLASSES = 5

interface Picture {
  readonly plot: string
  readonly title: string
  readonly caption: string
  readonly options?: Readonly<Record<string, string>>
  /** Shows one class: of more than two it is drawn for so many of them, those with the largest SHAP values. */
  readonly ofClasses?: number
}

const quality: readonly Picture[] = [
  {
    plot: 'confusion',
    title: 'Confusion matrix',
    caption: 'Rows by their class and by the class that was predicted.',
  },
  {
    plot: 'threshold',
    title: 'Thresholds',
    caption: 'What a threshold of the probability finds, and how much of what it finds is right.',
    ofClasses: MOST_CLASSES,
  },
  { plot: 'roc', title: 'ROC curve', caption: 'Found of the positive class against false alarms.' },
  {
    plot: 'precision_recall',
    title: 'Precision and recall',
    caption: 'How much of what is found is right, against how much is found.',
  },
  {
    plot: 'calibration',
    title: 'Calibration',
    caption: 'How often what is predicted with a probability happens.',
  },
]

const effects: readonly Picture[] = [
  {
    plot: 'bar',
    title: 'Which columns push most',
    caption:
      'Mean of |SHAP value| over the rows that were explained; of one class with the direction.',
  },
  {
    plot: 'beeswarm',
    title: 'How they push, row by row',
    caption: 'One dot a row; the colour is the value of the column.',
    ofClasses: MOST_CLASSES,
  },
  {
    plot: 'interactions',
    title: 'Which columns act together',
    caption: 'Mean of |SHAP interaction value|; the diagonal is what a column does alone.',
    ofClasses: MOST_CLASSES,
  },
  {
    plot: 'decision',
    title: 'How each row comes to its output',
    caption: 'One line a row, from the base value at the bottom to its output at the top.',
    ofClasses: 1,
  },
  {
    plot: 'stacked_force',
    title: 'All rows side by side',
    caption: 'What pushes each row up and down; rows that are explained alike stand together.',
    ofClasses: 1,
  },
]

const structure: readonly Picture[] = [
  {
    plot: 'tree',
    title: 'The first tree',
    caption: 'Questions from left to right; of a model of many trees only the first.',
  },
]

/** What is drawn of a model, by what it shows. */
export interface Figures {
  /** What was measured; none where nothing was. */
  readonly quality: readonly Html[]
  /** What pushes it; none of a model without a sample of training rows. */
  readonly effects: readonly Html[]
  readonly structure: readonly Html[]
  /** What there was no time for. */
  readonly omission: Omission
}

/** Told how many pictures are done before each of them, and at the end; lets other work run. */
export type Turn = (done: number, total: number) => Promise<void>

/**
 * Returns the figures of a report.
 * @param mostSeconds longest computation of all of them together, estimated from counted work
 */
export async function drawFigures(
  artifact: Artifact,
  predictor: Predictor,
  mostSeconds: number,
  turn?: Turn,
): Promise<Figures> {
  const planned = {
    quality: quality.flatMap((picture) => forClasses(picture, artifact)),
    effects: planEffects(artifact),
    structure,
  }
  const total = Object.values(planned).reduce((sum, { length }) => sum + length, 0)
  let done = 0
  const asked = planned.effects.flatMap((picture) => askedBy(picture) ?? [])
  const leftOut: Picture[] = []
  const drawAll = async (pictures: readonly Picture[], sample?: Sample) => {
    const figures: Html[] = []
    for (const picture of pictures) {
      await turn?.(done++, total)
      const drawn = draw(picture, artifact, sample)
      if (drawn) figures.push(...drawn)
      else leftOut.push(picture)
    }
    return figures
  }
  const figures = {
    quality: await drawAll(planned.quality),
    effects: await drawAll(
      planned.effects,
      predictor.sampleRows === 0 ? undefined : createSample(predictor, mostSeconds, asked),
    ),
    structure: await drawAll(planned.structure),
  }
  await turn?.(total, total)
  return { ...figures, omission: describe(predictor, asked, leftOut) }
}

function describe(
  predictor: Predictor,
  asked: readonly Asked[],
  pictures: readonly Picture[],
): Omission {
  if (pictures.length === 0) return { pictures, later: 0 }
  const hasTime = forecastSample(predictor, REPORT_SECONDS, asked)
  const later = pictures.filter((picture) => hasTime(askedBy(picture) as Asked)).length
  return { pictures, later }
}

/** Returns a picture, or of more than two classes one for each if it shows one class. */
function forClasses(picture: Picture, artifact: Artifact): readonly Picture[] {
  const { classes, labels, plan } = artifact
  if (!picture.ofClasses || classes.length === 2) return [picture]
  return chooseClasses(artifact, picture.ofClasses).map((output) => ({
    ...picture,
    title: `${picture.title}: ${classLabel(labels, plan.target, output)}`,
    options: { ...picture.options, output },
  }))
}

/** The classes that have pictures of their own, in the model's order. */
function chooseClasses({ classes, summary }: Artifact, most: number): readonly string[] {
  if (classes.length <= most || !summary) return classes.slice(0, most)
  const { columns, outputNames } = summary
  const sizeOf = (name: string) => {
    const k = outputNames.indexOf(name)
    return columns.reduce((sum, { meanAbsolute }) => sum + (meanAbsolute[k] ?? 0), 0)
  }
  const largest = [...classes].sort((a, b) => sizeOf(b) - sizeOf(a)).slice(0, most)
  return classes.filter((name) => largest.includes(name))
}

/**
 * The pictures of what pushes a model, with the dependence of the columns that push most: of more than two classes that of
 * the class that they push most.
 */
function planEffects(artifact: Artifact): readonly Picture[] {
  const { columns = [], outputNames = [] } = artifact.summary ?? {}
  const ranked = columns
    .map(({ column, meanAbsolute }) => {
      const size = Math.max(...meanAbsolute)
      return { column, size, output: outputNames[meanAbsolute.indexOf(size)] }
    })
    .sort((a, b) => b.size - a.size)
    .filter(({ size }) => size > 0)
    .slice(0, DEPENDENCES)
  const isOfMany = artifact.classes.length > 2
  const dependences = ranked.map(
    ({ column, output }): Picture => ({
      plot: 'dependence',
      title: `What ${columnLabel(artifact.labels, column)} does`,
      caption: 'SHAP values by the value of the column, coloured by what it acts together with.',
      options: { column, ...(isOfMany && output !== undefined ? { output } : {}) },
    }),
  )
  return [...effects.flatMap((picture) => forClasses(picture, artifact)), ...dependences]
}

/** Returns nothing of what a model does not have, undefined where there is no time. */
function draw(picture: Picture, artifact: Artifact, sample?: Sample): Html[] | undefined {
  const { plot, title, caption, options = {} } = picture
  const given = new Map(Object.entries({ ...options, plot }))
  try {
    const own = drawModelPlot(plot, artifact, given)
    const asked = own === undefined ? askedBy(picture) : undefined
    const explained = asked && sample?.explain(asked)
    const svg = own ?? (explained && drawPlot(explained, given))
    if (svg === undefined) return asked && sample ? undefined : []
    const heading = tag('h3', '', title)
    return [tag('figure', '', heading, frame(svg), tag('figcaption', '', caption))]
  } catch (error) {
    if (error instanceof InputError) return []
    throw error
  }
}

/** Share of its size below which the texts of a drawing cannot be read: on narrow paper it is moved instead. */
const LEAST_SHARE = 0.72

function frame(svg: string): Html {
  const width = Number(/\bwidth="(\d+)/.exec(svg)?.[1] ?? 0)
  const least = Math.round(LEAST_SHARE * width)
  return tag('div', `class="drawing" style="--least:${least}px"`, { html: svg })
}

/** What a picture is drawn from, if that is the sample. */
function askedBy({ plot, options }: Picture): Asked | undefined {
  if (plots[plot]?.drawModel !== undefined) return undefined
  return { isPairs: plot === 'interactions', output: options?.output }
}
