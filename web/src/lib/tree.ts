import type { Message } from '../api/types'

/** The branch that ends at `headId`, first message first; empty for an unknown id. */
export function branchTo(messages: readonly Message[], headId: string | null): Message[] {
  const byId = new Map(messages.map((message) => [message.id, message]))
  const branch: Message[] = []
  let current = headId === null ? undefined : byId.get(headId)
  while (current) {
    branch.push(current)
    current = current.parent_id === null ? undefined : byId.get(current.parent_id)
  }
  return branch.reverse()
}

/** The versions of a message, oldest first, itself among them. */
export function versionsOf(messages: readonly Message[], message: Message): Message[] {
  return messages
    .filter((other) => other.parent_id === message.parent_id && other.role === message.role)
    .sort((one, other) => one.position - other.position)
}

/** The last message of the newest branch under a message; itself when nothing follows it. */
export function newestLeaf(messages: readonly Message[], message: Message): Message {
  const children = new Map<string | null, Message[]>()
  for (const other of messages) {
    const known = children.get(other.parent_id)
    if (known) known.push(other)
    else children.set(other.parent_id, [other])
  }
  let newest = message
  const waiting = [message]
  for (let current = waiting.pop(); current; current = waiting.pop()) {
    // Positions only grow, so the newest message under here has nothing after it.
    if (current.position > newest.position) newest = current
    waiting.push(...(children.get(current.id) ?? []))
  }
  return newest
}
