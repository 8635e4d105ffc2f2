const LONGEST = 200_000

/** An answer that is JSON from end to end, as code in Markdown; anything else as it is. */
export function asShown(text: string): string {
  const trimmed = text.trim()
  if (!/^[[{]/.test(trimmed) || trimmed.length > LONGEST) return text
  try {
    return `\`\`\`json\n${JSON.stringify(JSON.parse(trimmed), null, 2)}\n\`\`\``
  } catch {
    return text
  }
}
