// Indexes of tars on S3-compatible storage, kept from one reading to the next: to make one is to go through the tar.

using DataFreeKD.Storage;

namespace DataFreeKD.Imaging.Inputs;

/// <summary>Keeps indexes by the content that they are of; those used longest ago go first.</summary>
internal static class ObjectIndexes
{
    /// <summary>Members in memory, over all tars: some hundred bytes each.</summary>
    private const long MostMembers = 2_000_000;

    private static readonly Lock Gate = new();
    private static readonly Dictionary<StoredObject, TarIndex> Known = [];
    private static readonly LinkedList<StoredObject> Used = new();

    /// <summary>The index of a tar, as far as it was made.</summary>
    /// <exception cref="FileNotFoundException">There is no such object.</exception>
    public static TarIndex Of(InputFile file)
    {
        StoredObject stored = file.Stored ?? throw new FileNotFoundException($"there is no object {file.Path}", file.Path);
        lock (Gate)
        {
            if (!Known.TryGetValue(stored, out TarIndex? index) || index.IsBroken)
                Known[stored] = index = new TarIndex(file);
            Used.Remove(stored);
            Used.AddLast(stored);
            for (long members = Known.Values.Sum(one => one.Count); members > MostMembers && Used.First!.Value != stored; )
            {
                members -= Known[Used.First.Value].Count;
                Known.Remove(Used.First.Value);
                Used.RemoveFirst();
            }
            return index;
        }
    }
}
