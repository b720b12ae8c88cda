// A folder that appears whole or not at all.

using DataFreeKD.Manifests;

namespace DataFreeKD.Packer.Files;

/// <summary>
/// Holds a folder of a hidden name beside the one asked for, which takes its place with <see cref="Commit"/>. What an earlier pack
/// that was killed left of it is removed; folders of those names that no pack made are refused. The caller holds the output.
/// </summary>
internal sealed class OutputFolder : IDisposable
{
    /// <summary>The file that says what made a folder; without it a folder is never replaced.</summary>
    public const string Mark = "provenance.json";

    // Says that a pack made the folder, until its provenance does.
    private const string Working = ".pack-at-work";

    private readonly string old;

    /// <summary>Begins.</summary>
    /// <exception cref="PackException">Something is there that must not be replaced.</exception>
    public OutputFolder(string path, bool overwrite)
    {
        Path = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path));
        if (System.IO.Path.GetDirectoryName(Path) is not { } parent)
            throw new PackException($"{path} is the root of a file system; name a folder in it");
        Directory.CreateDirectory(parent);
        string name = System.IO.Path.GetFileName(Path);
        Staging = System.IO.Path.Combine(parent, $".{name}.packing");
        old = System.IO.Path.Combine(parent, $".{name}.replaced");
        foreach (string left in (string[])[Staging, old])
            RefuseForeign(left);
        // A pack that was killed between its two renames has left the earlier folder aside.
        if (Directory.Exists(old) && !Directory.Exists(Path))
            Directory.Move(old, Path);
        Refuse(overwrite);
        Remove(Staging);
        Directory.CreateDirectory(Staging);
        File.WriteAllBytes(System.IO.Path.Combine(Staging, Working), []);
    }

    /// <summary>Where the folder will be.</summary>
    public string Path { get; }

    /// <summary>Where it is until then: a sibling, so that what leads out of it leads to the same places.</summary>
    public string Staging { get; }

    /// <summary>Flushes every file to the disk and puts the folder in its place.</summary>
    public void Commit()
    {
        File.Delete(System.IO.Path.Combine(Staging, Working));
        EnumerationOptions all = new() { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint };
        Parallel.ForEach(Directory.EnumerateFiles(Staging, "*", all), new ParallelOptions { MaxDegreeOfParallelism = 16 }, file =>
        {
            using Microsoft.Win32.SafeHandles.SafeFileHandle handle = File.OpenHandle(file, FileMode.Open, FileAccess.ReadWrite);
            RandomAccess.FlushToDisk(handle);
        });
        if (Directory.Exists(Path))
        {
            Remove(old);
            Directory.Move(Path, old);
        }
        Directory.Move(Staging, Path);
        Remove(old);
    }

    /// <summary>Removes what was not committed.</summary>
    public void Dispose() => Remove(Staging);

    private static void Remove(string folder)
    {
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    }

    private static bool IsPack(string folder) =>
        Provenance.IsOwnBeside(System.IO.Path.Combine(folder, Mark))
        && Provenance.ReadBeside(System.IO.Path.Combine(folder, Mark)) is { Command: "pack" };

    private static void RefuseForeign(string folder)
    {
        if (File.Exists(folder))
            throw new PackException($"{folder} is a file where a pack is put together; move it away, or name another output");
        if (
            !Directory.Exists(folder)
            || !Directory.EnumerateFileSystemEntries(folder).Any()
            || File.Exists(System.IO.Path.Combine(folder, Working))
            || IsPack(folder)
        )
            return;
        throw new PackException(
            $"{folder} holds files that no pack wrote, and a pack would replace it; move it away, or name another output"
        );
    }

    private void Refuse(bool overwrite)
    {
        if (File.Exists(Path))
            throw new PackException($"{Path} is a file; name a folder to pack into");
        if (!Directory.Exists(Path) || !Directory.EnumerateFileSystemEntries(Path).Any())
            return;
        if (!overwrite)
            throw new PackException($"{Path} already holds files; name another folder, or give Overwrite")
            {
                Options = [nameof(PackOptions.Overwrite)],
            };
        if (!IsPack(Path))
            throw new PackException(
                $"{Path} holds files that no pack wrote (it has no {Mark} of one), so that it is not replaced; name another folder, or remove it yourself"
            );
    }
}
