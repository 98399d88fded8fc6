/** What the server answers while somebody changes a row. */
import { useEffect, useState } from 'preact/hooks'
import { type Answer, readAnswer } from './answer.ts'
import { ask, Refusal } from './client.ts'
import type { Row } from './fields.ts'
import type { Counterfactual, Explained, PageModel, PageRows, Space } from './wire.ts'

/** Milliseconds without another key before a row is sent. */
const PAUSE_MS = 25
/** Milliseconds before something larger is looked for. */
const LONG_PAUSE_MS = 350

export interface Asked {
  readonly row: Row
  readonly output: string
  readonly space: Space | undefined
}

interface Context {
  readonly model: PageModel
  readonly token: string
  onRefused(): void
}

/** An answer with the row that it is of, and what went wrong with the last one. */
export interface Live {
  readonly answer?: Answer | undefined
  readonly row?: Row | undefined
  readonly problem?: string | undefined
  readonly isWaiting: boolean
}

/** Returns the answer to a row, asked again after every change; undefined = nothing is asked. */
export function useLive({ model, token, onRefused }: Context, asked: Asked | undefined): Live {
  const [live, setLive] = useState<Live>({ isWaiting: true })
  const key = JSON.stringify(asked)
  useEffect(() => {
    if (!asked) return
    const stop = new AbortController()
    setLive((before) => ({ ...before, isWaiting: true }))
    const path = `explain${queryOf({ output: asked.output, space: asked.space })}`
    const timer = setTimeout(() => {
      ask<Explained>(path, { body: asked.row, token, signal: stop.signal })
        .then((explained) => readAnswer(model.card, explained))
        .then((answer) => setLive({ answer, row: asked.row, isWaiting: false }))
        .catch((error: Error) => {
          if (stop.signal.aborted) return
          if (error instanceof Refusal && error.status === 401) return onRefused()
          setLive((before) => ({ ...before, problem: error.message, isWaiting: false }))
        })
    }, PAUSE_MS)
    return () => {
      clearTimeout(timer)
      stop.abort()
    }
  }, [key, token])
  return live
}

/** Returns the explanations of the stored sample for one class and scale. */
export function useSample(
  { model, token }: Context,
  output: string | undefined,
  space: Space | undefined,
): Explained | undefined {
  const [samples, setSamples] = useState<ReadonlyMap<string, Explained>>(new Map())
  const query = output === undefined ? undefined : queryOf({ output, space })
  useEffect(() => {
    if (query === undefined || model.sampleRows === 0 || samples.has(query)) return
    const stop = new AbortController()
    ask<Explained>(`page/sample.json${query}`, { token, signal: stop.signal })
      .then((found) => setSamples((before) => new Map([...before, [query, found]])))
      // Without a sample there is less to see, and nothing to say.
      .catch(() => undefined)
    return () => stop.abort()
  }, [query, token])
  return query === undefined ? undefined : samples.get(query)
}

/** Returns rows to load, asked for once, when everything that is seen is there. */
export function useRows({ token }: Context, isReady: boolean): PageRows | undefined {
  const [rows, setRows] = useState<PageRows>()
  useEffect(() => {
    if (!isReady || rows) return
    const stop = new AbortController()
    ask<PageRows>('page/rows.json', { token, signal: stop.signal })
      .then(setRows)
      // Without them there is less to try, and nothing to say.
      .catch(() => undefined)
    return () => stop.abort()
  }, [isReady, token])
  return rows
}

export interface Change {
  readonly counterfactual?: Counterfactual | undefined
  readonly problem?: string | undefined
}

/** Returns the smallest change that gives a class, looked for when nobody types. */
export function useCounterfactual(
  { token }: Context,
  row: Row | undefined,
  target: string | undefined,
): Change | undefined {
  const [change, setChange] = useState<Change>()
  const key = JSON.stringify([row, target])
  useEffect(() => {
    setChange(undefined)
    if (!row || target === undefined) return
    const stop = new AbortController()
    const timer = setTimeout(() => {
      ask<Explained>(`explain${queryOf({ counterfactual: target, top: '1' })}`, {
        body: row,
        token,
        signal: stop.signal,
      })
        .then(({ explanations: [first] }) => setChange({ counterfactual: first?.counterfactual }))
        .catch((error: Error) => {
          if (!stop.signal.aborted) setChange({ problem: error.message })
        })
    }, LONG_PAUSE_MS)
    return () => {
      clearTimeout(timer)
      stop.abort()
    }
  }, [key, token])
  return change
}

function queryOf(options: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(options).filter(([, value]) => value !== undefined && value !== '')
  return given.length === 0 ? '' : `?${new URLSearchParams(given as [string, string][])}`
}
