// Indexes of tars on S3-compatible storage, kept from one reading to the next: to make one is to go through the tar.

using DataFreeKD.Storage;

namespace DataFreeKD.Imaging.Inputs;

/// <summary>Keeps indexes by the content that they are of; those used longest ago go first.</summary>
internal static class ObjectIndexes
{
    /// <summary>Members in memory, over all tars: some hundred bytes each.</summary>
    private const long MostMembers = 2_000_000;

    private static readonly Lock Gate = new();
    private static readonly Dictionary<StoredObject, LinkedListNode<(StoredObject Of, TarIndex Index)>> Known = [];
    private static readonly LinkedList<(StoredObject Of, TarIndex Index)> Used = new();

    /// <summary>Whether an object is a tar whose index is there.</summary>
    public static bool Has(InputFile file)
    {
        if (file.Stored is not { } stored)
            return false;
        lock (Gate)
            return Known.TryGetValue(stored, out LinkedListNode<(StoredObject Of, TarIndex Index)>? node) && !node.Value.Index.IsBroken;
    }

    /// <summary>The index of a tar, as far as it was made.</summary>
    /// <exception cref="FileNotFoundException">There is no such object.</exception>
    public static TarIndex Of(InputFile file)
    {
        StoredObject stored = file.Stored ?? throw new FileNotFoundException($"there is no object {file.Path}", file.Path);
        lock (Gate)
        {
            if (Known.TryGetValue(stored, out LinkedListNode<(StoredObject Of, TarIndex Index)>? node))
            {
                Used.Remove(node);
                if (!node.Value.Index.IsBroken)
                {
                    Used.AddLast(node);
                    return node.Value.Index;
                }
            }
            TarIndex index = new(file);
            Known[stored] = Used.AddLast((stored, index));
            for (long members = Used.Sum(one => one.Index.Count); members > MostMembers && Used.Count > 1;)
            {
                members -= Used.First!.Value.Index.Count;
                Known.Remove(Used.First.Value.Of);
                Used.RemoveFirst();
            }
            return index;
        }
    }
}
