// An array that grows without being copied: at no moment are there two of it.

namespace DataFreeKD.Manifests.Looks;

/// <summary>Values in blocks of 65,536.</summary>
internal sealed class GrowingArray<T>
{
    private const int BlockBits = 16,
        BlockMask = (1 << BlockBits) - 1;

    private T[][] blocks = new T[16][];

    /// <summary>Values added.</summary>
    public int Count { get; private set; }

    /// <summary>The value at a place that was added.</summary>
    public ref T this[int at] => ref blocks[at >> BlockBits][at & BlockMask];

    /// <summary>Adds a value at the end.</summary>
    public void Add(T value)
    {
        int block = Count >> BlockBits;
        if (block == blocks.Length)
            Array.Resize(ref blocks, block * 2);
        (blocks[block] ??= new T[1 << BlockBits])[Count & BlockMask] = value;
        Count++;
    }
}
