/** A comparison in readable names: for people, never for the files that programs read. */
import { cellLabel, classLabel, columnLabel, type Labels } from '../../data/readable.ts'
import type { ColumnDrift } from './compare.ts'
import type { DriftReport } from './drift-document.ts'
import type { ColumnProfile } from './profile.ts'

/** What was compared, before it is judged. */
export type Compared = Omit<DriftReport, 'violations' | 'tests'>

/** Returns a comparison in readable names; its violations are found in it anew. */
export function labelDrift(report: Compared, labels: Labels): Compared {
  const { target, classes, columns, columnNames, attributions, unseen } = report
  const columnOf = (name: string) => columnLabel(labels, name)
  const classOf = (name: string) => classLabel(labels, target, name)
  return {
    ...report,
    target: columnOf(target),
    classes: classes.map(classOf),
    columns: columns.map((drift) => labelColumnDrift(drift, labels)),
    columnNames: columnNames.map(columnOf),
    unseen: unseen.map(columnOf),
    attributions: attributions.map((own) => ({ ...own, output: classOf(own.output) })),
  }
}

function labelColumnDrift(drift: ColumnDrift, labels: Labels): ColumnDrift {
  const profileOf = (profile: ColumnProfile): ColumnProfile => {
    const { bins, by } = profile
    if (bins.kind !== 'values') return profile
    const values = bins.values.map((cell) => cellLabel(labels, by, cell) as string | number)
    return { ...profile, bins: { ...bins, values } }
  }
  return {
    ...drift,
    column: columnLabel(labels, drift.column),
    by: columnLabel(labels, drift.by),
    reference: profileOf(drift.reference),
    live: profileOf(drift.live),
  }
}
