/** The whole page of one model, and the row that all its parts look at. */
import { useMemo, useState } from 'preact/hooks'
import { Alternatives } from './alternatives.tsx'
import { CardView } from './card-view.tsx'
import { type Fields, fieldsOf, type Row, readFields, rowOfCells, rowOfSample } from './fields.ts'
import { Header } from './header.tsx'
import { QualityView } from './quality-view.tsx'
import { RowForm } from './row-form.tsx'
import { useCounterfactual, useLive, useRows, useSample } from './use-answers.ts'
import { WholeModel } from './whole-model.tsx'
import { Why } from './why.tsx'
import type { PageModel, Space } from './wire.ts'

export function ModelView(props: { model: PageModel; token: string; onRefused(): void }) {
  const { model, token } = props
  const { card } = model
  const { columns } = card
  const [fields, setFields] = useState<Fields>(() => fieldsOf(columns, card.example))
  const [start, setStart] = useState<Row>(card.example)
  const [output, setOutput] = useState('')
  const [space, setSpace] = useState<Space>()
  const [mistake, setMistake] = useState<number>()
  const { row, problems } = useMemo(() => readFields(columns, fields), [fields])

  const live = useLive(props, problems.size > 0 ? undefined : { row, output, space })
  const first = useLive(props, { row: start, output: live.answer?.output ?? output, space })
  const { answer } = live
  const sample = useSample(props, answer?.output, answer?.space)
  const other = answer && otherClass(card.classes.map(String), answer)
  const change = useCounterfactual(props, live.row, other)
  const rows = useRows(props, answer !== undefined)

  const load = (next: Row, wrong?: number) => {
    setFields(fieldsOf(columns, next))
    begin(next, wrong)
  }
  const begin = (next: Row, wrong?: number) => {
    setStart(next)
    setMistake(wrong)
  }
  const loadSample = (at: number) => {
    const found = sample?.explanations[at]
    if (!found) return
    const texts = (name: string) =>
      rows && Object.hasOwn(rows.texts, name) ? rows.texts[name]?.[at] : undefined
    load(rowOfSample(columns, found.data, row, texts))
  }
  const loadMistake = () => {
    const all = rows?.mistakes ?? []
    const next = mistake === undefined ? 0 : (mistake + 1) % all.length
    const found = all[next]
    if (found) load(rowOfCells(columns, found.cells), next)
  }
  const wrong = mistake === undefined ? undefined : rows?.mistakes[mistake]
  const edit = (cells: Row) => setFields({ ...fields, ...fieldsOf(partOf(columns, cells), cells) })
  // What no row changes is not gone through at every key.
  const still = useMemo(
    () => (
      <>
        {model.quality && <QualityView card={card} quality={model.quality} />}
        <CardView model={model} />
      </>
    ),
    [model],
  )
  return (
    <>
      <a class="skip" href="#why">
        Skip to the answer
      </a>
      <Header model={model} token={token} />
      <main>
        <div class="try">
          <RowForm
            columns={columns}
            order={model.summary?.columns.map(({ column }) => column)}
            fields={fields}
            problems={problems}
            start={start}
            sampleRows={sample?.explanations.length ?? 0}
            asksToken={token !== ''}
            row={row}
            mistakes={model.mistakes}
            mistake={mistake}
            hasMistakes={rows !== undefined && rows.mistakes.length > 0}
            onFields={setFields}
            onUndo={() => setFields(fieldsOf(columns, start))}
            onSample={loadSample}
            onMistake={loadMistake}
            onKeep={() => begin(row)}
          />
          <Why
            card={card}
            live={live}
            first={first.answer}
            truth={wrong && first.row === start ? wrong.label : undefined}
            start={start}
            hasProblems={problems.size > 0}
            output={output}
            onOutput={setOutput}
            onSpace={setSpace}
          />
        </div>
        {answer && (
          <Alternatives
            columns={columns}
            target={card.target}
            answer={answer}
            sample={sample}
            change={change}
            onLoadSample={loadSample}
            onEdit={edit}
          />
        )}
        <WholeModel model={model} answer={answer} sample={sample} onLoadSample={loadSample} />
        {still}
      </main>
    </>
  )
}

/** The most probable class besides the predicted one. */
function otherClass(
  classes: readonly string[],
  { label, probabilities }: { label: string | number; probabilities: readonly number[] },
): string | undefined {
  return classes
    .map((name, k) => ({ name, probability: probabilities[k] ?? 0 }))
    .filter(({ name }) => name !== String(label))
    .sort((a, b) => b.probability - a.probability)[0]?.name
}

function partOf(columns: PageModel['card']['columns'], cells: Row) {
  return columns.filter(({ name }) => Object.hasOwn(cells, name))
}
