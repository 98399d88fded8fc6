/** report.html: one self-contained file about a model, for people who must judge it. */
import { format } from 'd3-format'
import type { Artifact } from '../artifact/artifact.ts'
import { type LabelledModel, labelModel } from '../artifact/labelled-model.ts'
import { readMeasures } from '../artifact/stored-measures.ts'
import type { Predictor } from '../predictor/predictor.ts'
import type { InputColumn } from '../preprocess/preprocessor.ts'
import { spaceLabels } from '../shap/explanation.ts'
import { describeChain, describePlan } from './columns.ts'
import { type Content, digits, type Html, join, paragraph, table, tag } from './html.ts'
import { describeOmission, type Omission } from './left-out.ts'
import { drawFigures, type Turn } from './pictures.ts'
import { style } from './style.ts'

/** Categories of a column that are named. */
const MOST_CATEGORIES = 12
/** Columns that are listed, of thousands the first. */
const MOST_COLUMNS = 500

/**
 * Returns the report of a model as an HTML document, which asks nothing of a network and runs no script.
 * @param mostSeconds longest computation of all pictures together, estimated from counted work; what takes longer is left out
 * @param turn told before each picture how many are done
 */
export async function writeReport(
  artifact: Artifact,
  predictor: Predictor,
  mostSeconds: number,
  turn?: Turn,
): Promise<string> {
  const { html } = await makeReport(artifact, predictor, mostSeconds, turn)
  return html
}

/** A report, and what is not in it. */
export interface Report {
  readonly html: string
  readonly omission: Omission
}

/** Returns the report that {@link writeReport} writes, and which pictures are left out of it. */
export async function makeReport(
  artifact: Artifact,
  predictor: Predictor,
  mostSeconds: number,
  turn?: Turn,
): Promise<Report> {
  const figures = await drawFigures(artifact, predictor, mostSeconds, turn)
  const shown = labelModel(artifact)
  const sections = [
    section('quality', 'How good it is', describeQuality(shown, figures.quality)),
    section('effects', 'What pushes it', [
      paragraph(...explainHow(predictor)),
      ...figures.effects,
      ...describeOmission(figures.omission),
    ]),
    section('columns', 'What it takes', [...describeColumns(shown), ...describePlan(artifact)]),
    section('steps', 'How it is made', [...describeSteps(shown), ...figures.structure]),
    section('data', 'Where it comes from', describeOrigin(shown)),
    section('limits', 'Limits', [
      paragraph(
        'What was measured holds for rows like the training rows. SHAP values tell what moved this model, not what causes what. Categories not seen in training count as none of the known ones.',
      ),
    ]),
  ]
  const { plan, classes, estimator, engine, modelId } = shown
  const main = tag(
    'main',
    '',
    tag('h1', '', `What predicts ${plan.target}`),
    paragraph(
      `A ${words(estimator)} (engine ${engine}) of ${classes.length} classes: ${some(classes)}. Model `,
      tag('code', '', modelId),
      '.',
    ),
    describeFacts(shown),
    navigation(sections),
    join(sections.map(({ html }) => html)),
  )
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="content-security-policy" content="default-src 'none'; style-src 'unsafe-inline'">
${tag('title', '', `Report: ${plan.target}`).html}
<style>${style}</style>
</head>
<body>
${main.html}
</body>
</html>
`
  return { html, omission: figures.omission }
}

interface Section {
  readonly id: string
  readonly title: string
  readonly html: Html
}

function section(id: string, title: string, parts: readonly Content[]): Section {
  return { id, title, html: tag('section', `id="${id}"`, tag('h2', '', title), join(parts)) }
}

function navigation(sections: readonly Section[]): Html {
  const links = sections.map(({ id, title }) => tag('a', `href="#${id}"`, title))
  return tag('nav', 'class="soft" aria-label="Sections"', join(links))
}

/** What is seen first: a few numbers. */
function describeFacts(artifact: LabelledModel<Artifact>): Html {
  const { training, preprocessor } = artifact
  const { measures = [] } = readMeasures(artifact) ?? {}
  const facts: [string, string][] = [
    ['training rows', format(',')(training.trainRows)],
    ['columns', String(preprocessor.inputs.length)],
    ...measures.flatMap(({ name, title, value, majority }): [string, string][] => {
      if (name === 'roc_auc') return [[title, digits(value)]]
      if (name !== 'accuracy') return []
      const guessed = majority === undefined ? '' : `, ${digits(majority)} by guessing`
      return [[`accuracy${guessed}`, digits(value)]]
    }),
  ]
  const boxes = facts.map(([title, value]) =>
    tag('div', '', tag('b', '', value), tag('span', 'class="soft"', title)),
  )
  return tag('div', 'class="facts"', join(boxes))
}

/** What a model was measured on, after "on". */
const parts = {
  held_out: 'rows that it was not trained on',
  validation: 'validation rows',
  test: 'test rows',
}

function describeQuality(
  artifact: LabelledModel<Artifact>,
  figures: readonly Html[],
): readonly Content[] {
  const { classes } = artifact
  const measured = readMeasures(artifact)
  if (!measured) return [paragraph('Not measured here: no row was left for testing.'), ...figures]
  const { part, rows, measures, perClass, absent } = measured
  const areas =
    absent.length === 0
      ? ''
      : ` The areas are means over the classes that have rows here, without ${absent.join(', ')}.`
  return [
    paragraph(
      `Measured on ${rows ?? 'some'} ${parts[part]}${classes.length === 2 ? `; precision, recall and F1 are those of ${classes[1]}` : ''}.${areas}`,
    ),
    table(
      ['metric', 'model', '95 % interval', 'always the most frequent class'],
      measures.map(({ title, value, interval, majority }) => [
        title,
        digits(value),
        interval ? interval.map(digits).join(' to ') : '',
        digits(majority),
      ]),
      ['model', '95 % interval', 'always the most frequent class'],
    ),
    tag('h3', '', 'By class'),
    table(
      ['class', 'rows', 'precision', 'recall', 'F1', 'ROC AUC'],
      perClass.map((own) => [
        own.name,
        String(own.rows ?? ''),
        ...[own.precision, own.recall, own.f1, own.rocAuc].map(digits),
      ]),
      ['rows', 'precision', 'recall', 'F1', 'ROC AUC'],
    ),
    ...figures,
  ]
}

function explainHow({ offers }: Predictor): Content[] {
  const [offer] = offers
  if (!offer || offer.refusal !== undefined)
    return [offer?.refusal ?? 'This model cannot be explained.']
  return [
    `Exact SHAP values as ${spaceLabels[offer.space]}, ${words(offer.method)}: for every row they sum to the distance of its output from the average output.`,
  ]
}

function describeColumns({ preprocessor }: Artifact): Content[] {
  const { inputs, otherColumns } = preprocessor
  const listed = inputs.slice(0, MOST_COLUMNS)
  return [
    table(
      ['column', 'type', 'may be missing', 'seen in training', 'example'],
      listed.map((input) => [
        input.name,
        input.type,
        input.nullable ? 'yes' : 'no',
        describeValues(input),
        String(input.example),
      ]),
    ),
    ...(inputs.length > listed.length
      ? [paragraph(`and ${inputs.length - listed.length} more.`)]
      : []),
    ...(otherColumns.length > 0
      ? [
          paragraph(
            `Requests may carry ${some(otherColumns)}, which ${otherColumns.length === 1 ? 'is' : 'are'} not looked at.`,
          ),
        ]
      : []),
  ]
}

function describeValues({ categories, range, type }: InputColumn): string {
  if (categories) return some(categories.map(String))
  if (range) return `${range.minimum} to ${range.maximum}, median ${range.median}`
  return type === 'number' ? '' : 'text'
}

/** Every column's way to its features. */
function describeSteps({ preprocessor, params }: Artifact): Content[] {
  const { derived, steps } = preprocessor
  const sourceOf = new Map(derived.map(({ column, from }) => [column, from]))
  const ways = steps
    .slice(0, MOST_COLUMNS)
    .map(({ column, chain }) => [
      column,
      ...(derived.length > 0 ? [sourceOf.get(column) ?? ''] : []),
      describeChain(chain),
    ])
  const settings = Object.entries(params)
  return [
    table(['column', ...(derived.length > 0 ? ['made from'] : []), 'steps to the features'], ways),
    ...(settings.length > 0
      ? [
          tag('h3', '', 'Parameters'),
          table(
            ['parameter', 'value'],
            settings.map(([name, value]) => [name, value === null ? 'none' : String(value)]),
          ),
        ]
      : []),
  ]
}

function describeOrigin({ training, versions }: Artifact): Content[] {
  const { rows, trainRows, testRows, seed, sha256, warnings, interrupted } = training
  return [
    ...(interrupted
      ? [
          paragraph(
            'The training was interrupted: this is what was done by then, not all that was asked for.',
          ),
        ]
      : []),
    ...(rows > 0
      ? [
          paragraph(
            `${rows} labelled rows: ${trainRows} for training, ${testRows} for testing, seed ${seed}.`,
          ),
        ]
      : []),
    paragraph('SHA-256 of the data: ', tag('code', '', sha256)),
    table(['made with', 'version'], Object.entries(versions)),
    ...(warnings.length > 0
      ? [
          tag('h3', '', 'Warnings at training'),
          tag('ul', '', join(warnings.map((line) => tag('li', '', line)))),
        ]
      : []),
  ]
}

function words(name: string): string {
  return name.replaceAll('_', ' ')
}

/** Returns names, of many the first. */
function some(names: readonly string[]): string {
  const shown = names.slice(0, MOST_CATEGORIES).join(', ')
  return names.length > MOST_CATEGORIES
    ? `${shown} and ${names.length - MOST_CATEGORIES} more`
    : shown
}
