// cascade.zip: what a cascade was learned to be, for an interrupted run and for later ones.

using System.IO.Compression;
using System.Text.Json;
using DataFreeKD.Models;

namespace DataFreeKD.Probe.Cascade;

/// <summary>Reads and writes a cascade with its student and the sample that it was learned from.</summary>
internal static class CascadeFile
{
    private const string Numbers = "datafreekd-cascade.json",
        Sample = "sample.csv",
        Student = "student/";

    // The earliest that a zip file can tell: the same cascade is the same bytes.
    private static readonly DateTimeOffset Never = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Writes one.</summary>
    /// <param name="path">Where to.</param>
    /// <param name="model">Which images are dropped.</param>
    /// <param name="student">Who looks at them; null for the teacher's own first blocks.</param>
    /// <param name="sample">A table, fully scored.</param>
    public static void Save(string path, CascadeModel model, LoadedModel? student, string sample)
    {
        using AtomicFile file = new(path);
        using (ZipArchive zip = new(file.Stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            using (Stream entry = Entry(zip, Numbers))
                JsonSerializer.Serialize(entry, model);
            using (
                Stream entry = Entry(zip, Sample),
                    table = File.OpenRead(sample)
            )
                table.CopyTo(entry);
            if (student is not null)
                AddStudent(zip, student);
        }
        file.Commit();
    }

    /// <summary>Reads one.</summary>
    /// <param name="path">The file.</param>
    /// <param name="sample">Where its sample is written to; null for nowhere.</param>
    /// <exception cref="ScoreException">No such file, or another one.</exception>
    public static (CascadeModel Model, LoadedModel? Student) Load(string path, string? sample = null)
    {
        string folder = ScratchFolder.NewFolder("dfkd-cascade-");
        try
        {
            using ZipArchive zip = ZipFile.OpenRead(path);
            CascadeModel model;
            using (Stream entry = Found(zip, Numbers).Open())
                model = JsonSerializer.Deserialize<CascadeModel>(entry) ?? throw new InvalidDataException();
            if (sample is not null)
                Found(zip, Sample).ExtractToFile(sample, overwrite: true);
            if (model.Verdict.Student is null || !model.Drops)
                return (model, null);
            // By their last names alone, so that no entry leads elsewhere.
            foreach (ZipArchiveEntry part in zip.Entries.Where(entry => entry.FullName.StartsWith(Student, StringComparison.Ordinal)))
                part.ExtractToFile(Path.Combine(folder, Path.GetFileName(part.FullName)), overwrite: true);
            return (model, ModelStore.Load(folder));
        }
        catch (Exception wrong) when (wrong is IOException or InvalidDataException or JsonException or ModelException)
        {
            throw new ScoreException(
                $"{path}: {(File.Exists(path) ? "is no cascade" : "there is no such file")}; give the .cascade.zip that an earlier dfkd score --cascade wrote, or leave it out to learn one"
            );
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static ZipArchiveEntry Found(ZipArchive zip, string name) => zip.GetEntry(name) ?? throw new InvalidDataException();

    private static void AddStudent(ZipArchive zip, LoadedModel student)
    {
        string folder = ScratchFolder.NewFolder("dfkd-cascade-");
        try
        {
            ModelStore.Save(folder, student.Model, student.Preprocessing, student.ClassNames);
            foreach (string part in Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal))
            {
                using Stream entry = Entry(zip, Student + Path.GetFileName(part)),
                    content = File.OpenRead(part);
                content.CopyTo(entry);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static Stream Entry(ZipArchive zip, string name)
    {
        ZipArchiveEntry entry = zip.CreateEntry(name);
        entry.LastWriteTime = Never;
        return entry.Open();
    }
}
