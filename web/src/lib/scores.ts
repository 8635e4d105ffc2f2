import type { Evidence } from '../api/evidence-types'

export type BestScores = Record<'lexical' | 'dense' | 'fused' | 'reranked', number>

/** The highest score of each kind among several passages: what their bars are measured by. */
export function bestScores(all: readonly (Evidence | null | undefined)[]): BestScores {
  const known = all.filter((evidence) => evidence !== null && evidence !== undefined)
  const highest = (values: (number | null | undefined)[]): number => Math.max(0, ...values.map((value) => value ?? 0))
  return {
    lexical: highest(known.map((evidence) => evidence.lexical?.score)),
    dense: highest(known.map((evidence) => evidence.dense?.score)),
    fused: highest(known.map((evidence) => evidence.fused)),
    reranked: highest(known.map((evidence) => evidence.reranked)),
  }
}
