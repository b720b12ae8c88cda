// All rows of a file, without a list of them.

using System.Collections;

namespace DataFreeKD.Selector.Embeddings;

/// <summary>0, 1, ..., <paramref name="rows"/> − 1.</summary>
internal sealed class RowRange(long rows) : IReadOnlyList<long>
{
    public int Count => checked((int)rows);

    public long this[int index] => index;

    public IEnumerator<long> GetEnumerator()
    {
        for (long row = 0; row < rows; row++)
            yield return row;
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
