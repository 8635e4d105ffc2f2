/** What the stand-in server says. */
export const QUOTE = 'The service listens on port 7680 of the loopback address and refuses every other.'

export const PAGE_TEXT =
  'Section 2. Addresses and ports. Before the first start choose a folder for the data and check that the disk has space. ' +
  `${QUOTE} ` +
  'To change it, edit the settings file and start the service again. The link for the first sign-in is printed once. ' +
  'Keep the folder private: it holds the dialogues, the files and the keys of this installation.'

const RICH = `## Three ways to sort

Choose by the **size of the data** and by whether *equal items* must keep their order.

| Method | Average | Worst | Stable | Memory |
|---|:-:|:-:|:-:|--:|
| Insertion | O(n²) | O(n²) | yes | 1 |
| Merge | O(n log n) | O(n log n) | yes | n |
| Quick | O(n log n) | O(n²) | no | log n |

A short merge sort:

\`\`\`python
def merge_sort(items: list[int]) -> list[int]:
    """Sorted copy of the list."""
    if len(items) < 2:
        return items
    middle = len(items) // 2
    left, right = merge_sort(items[:middle]), merge_sort(items[middle:])
    merged = []
    while left and right:
        merged.append(left.pop(0) if left[0] <= right[0] else right.pop(0))
    return merged + left + right
\`\`\`

It makes about $n \\log_2 n$ comparisons, because the recurrence is

$$
T(n) = 2\\,T\\!\\left(\\frac{n}{2}\\right) + O(n)
$$

1. Small lists: insertion.
2. Large lists: merge, or the \`sorted\` of the language.

> A library sort is nearly always the right answer.
`

const RUSSIAN = `Паровая машина превращает тепло в движение. Вот как это происходит:

1. **Топка** нагревает воду в котле, и вода становится паром.
2. Пар занимает больше места, чем вода, поэтому давит на **поршень**.
3. Поршень движется и через шатун вращает **маховик**.
4. Отработавший пар выпускают, и цикл начинается снова.

Чем больше разность температур, тем больше работы: $\\eta \\le 1 - \\frac{T_2}{T_1}$.
`

const CITED = `The service uses **port 7680** on the loopback address [1]. To change it, edit the settings file and start the service again.

The boiler is inspected every spring [2]; see also the overview [3].
`

export const ANSWERS = { rich: RICH, russian: RUSSIAN, cited: CITED }
