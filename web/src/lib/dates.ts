export type Period = 'today' | 'yesterday' | 'earlier'

/** Which heading a moment falls under, by the reader's own calendar. */
export function periodOf(moment: Date, now: Date): Period {
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate())
  if (moment >= midnight) return 'today'
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1)
  return moment >= yesterday ? 'yesterday' : 'earlier'
}
