import type { ParameterName, Parameters, Preset } from '../api/types'

const namesOf = (preset: Preset): ParameterName[] => Object.keys(preset.parameters) as ParameterName[]

/** Whether the parameters are of that kind of work: each that the preset sets is set, inside the bounds of the preset. */
export function isWithin(preset: Preset, parameters: Parameters): boolean {
  return namesOf(preset).every((name) => {
    const value = parameters[name]
    if (value === undefined) return false
    const range = (preset.ranges as Partial<Record<ParameterName, { min: number; max: number }>>)[name]
    return range && typeof value === 'number' ? value >= range.min && value <= range.max : value === preset.parameters[name]
  })
}

/** The parameters without what any preset would set; what no preset knows (the length, a schema) stays. */
export function withoutPresets(presets: readonly Preset[], parameters: Parameters): Parameters {
  const known = new Set<string>(presets.flatMap(namesOf))
  return Object.fromEntries(Object.entries(parameters).filter(([name]) => !known.has(name)))
}

export const withPreset = (presets: readonly Preset[], preset: Preset, parameters: Parameters): Parameters => ({
  ...withoutPresets(presets, parameters),
  ...preset.parameters,
})
