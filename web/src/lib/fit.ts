import type { Machine } from '../api/model-types'

/** Where a model would stand: all of it on the graphics processor, a part, in memory, or nowhere. */
export type Footing = 'whole' | 'partly' | 'memory' | 'none'

/** The memory of all graphics processors, bytes. */
export const graphicsBytesOf = (machine: Pick<Machine, 'gpus'>): number => machine.gpus.reduce((sum, gpu) => sum + gpu.memory_bytes, 0)

/** Units: bytes, with the weights, the cache of the context and what else is needed. */
export function footingOf(totalBytes: number, fits: boolean, machine: Pick<Machine, 'gpus'>): Footing {
  if (!fits) return 'none'
  const graphicsBytes = graphicsBytesOf(machine)
  if (graphicsBytes === 0) return 'memory'
  return totalBytes <= graphicsBytes ? 'whole' : 'partly'
}
