// Where the test material lives, and the one clear reason to skip when it is absent.

namespace DataFreeKD.Testing;

/// <summary>Locates the optional test material (golden tensors, images, teachers) beside the repository.</summary>
internal static class SharedData
{
    /// <summary>The folder named by DFKD_SHARED, else <c>../shared</c> beside the repository; null when absent.</summary>
    public static string? Root { get; } = Find();

    /// <summary>The full path of a file or folder under <c>shared/data</c>; skips the test when it is absent.</summary>
    public static string Path(params string[] parts)
    {
        string path = System.IO.Path.Combine([Root ?? "shared", "data", .. parts]);
        Assert.SkipUnless(
            File.Exists(path) || Directory.Exists(path),
            $"test material '{string.Join('/', parts)}' is not on this machine (set DFKD_SHARED to the folder that holds data/)"
        );
        return path;
    }

    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable("DFKD_SHARED") is { Length: > 0 } named)
            return named;
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string shared = System.IO.Path.Combine(folder.FullName, "shared");
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "..", "shared", "data", "README.md")))
                return System.IO.Path.GetFullPath(System.IO.Path.Combine(folder.FullName, "..", "shared"));
            if (File.Exists(System.IO.Path.Combine(shared, "data", "README.md")))
                return shared;
        }
        return null;
    }
}
