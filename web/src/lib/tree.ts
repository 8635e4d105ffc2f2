import type { TreeNode } from '../api/conversation-types'
import type { Message } from '../api/types'

/** The versions of every message that has more than one, by its id; oldest first, itself among them. */
export type VersionLists = Readonly<Record<string, readonly string[]>>

/** What is known of the branch that ends at `headId`, first message first; empty for an unknown id. */
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

/** The known messages with others put in; of two with one id the new one stays. */
export function withMessages(messages: readonly Message[], added: readonly Message[]): Message[] {
  const ids = new Set(added.map((message) => message.id))
  return [...messages.filter((message) => !ids.has(message.id)), ...added]
}

/** The lists of versions after a message has come into the tree. */
export function withVersion(lists: VersionLists, messages: readonly Message[], added: Message): VersionLists {
  const others = messages.filter((other) => other.id !== added.id && other.parent_id === added.parent_id && other.role === added.role)
  if (others.length === 0) return lists
  // A list of the server knows versions that this page never loaded.
  const known = others.map((other) => lists[other.id]).find((list) => list !== undefined)
  const before = known ?? others.sort((one, other) => one.position - other.position).map((other) => other.id)
  const list = before.includes(added.id) ? before : [...before, added.id]
  return { ...lists, ...Object.fromEntries(list.map((id) => [id, list])) }
}

/** A message in the outline of a chat. `depth` grows by one at every fork above it. */
export interface OutlineRow {
  node: TreeNode
  depth: number
  /** Whether several messages follow it. */
  isFork: boolean
  /** Whether it is one of several versions. */
  isVersion: boolean
  isShown: boolean
}

/** The whole tree, line by line: each branch to its end, then the next. */
export function outlineOf(nodes: readonly TreeNode[], shownIds: ReadonlySet<string>): OutlineRow[] {
  const ids = new Set(nodes.map((node) => node.id))
  const children = new Map<string | null, TreeNode[]>()
  for (const node of nodes) {
    // Of a very large tree only the newest part comes; what hangs on nothing stands at the top.
    const parentId = node.parent_id !== null && ids.has(node.parent_id) ? node.parent_id : null
    const known = children.get(parentId)
    if (known) known.push(node)
    else children.set(parentId, [node])
  }
  const rows: OutlineRow[] = []
  const waiting: { node: TreeNode; depth: number; isVersion: boolean }[] = []
  // A stack of our own: a branch may be ten thousand messages deep.
  const push = (parentId: string | null, depth: number): void => {
    const list = children.get(parentId) ?? []
    const isVersion = list.length > 1
    for (const node of [...list].reverse()) waiting.push({ node, depth: isVersion ? depth + 1 : depth, isVersion })
  }
  push(null, 0)
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { node, depth, isVersion } = next
    rows.push({ node, depth, isVersion, isFork: (children.get(node.id)?.length ?? 0) > 1, isShown: shownIds.has(node.id) })
    push(node.id, depth)
  }
  return rows
}

/** The ids of the branch that ends at `headId`, in a tree whose every message is known. */
export function shownIn(nodes: readonly TreeNode[], headId: string | null): Set<string> {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const ids = new Set<string>()
  for (let node = headId === null ? undefined : byId.get(headId); node; node = node.parent_id === null ? undefined : byId.get(node.parent_id)) ids.add(node.id)
  return ids
}

/** How many branches there are: messages that nothing follows. */
export function countBranches(nodes: readonly TreeNode[]): number {
  const parents = new Set(nodes.map((node) => node.parent_id))
  return nodes.filter((node) => !parents.has(node.id)).length
}
