// One tiny world and one tiny teacher for all tests of this project.

using DataFreeKD.EndToEnd.Tests;
using DataFreeKD.Testing;

[assembly: AssemblyFixture(typeof(TinyWorld))]

namespace DataFreeKD.EndToEnd.Tests;

/// <summary>Drawn and trained once, read by every test.</summary>
public sealed class TinyWorld : IDisposable
{
    private readonly TempFolder folder = new();

    public TinyWorld()
    {
        Programs
            .DrawWorld(
                folder.Path,
                "--train",
                "400",
                "--test",
                "100",
                "--familiar",
                "300",
                "--other",
                "700",
                "--outliers",
                "100",
                "--duplicates",
                "20",
                "--broken",
                "6"
            )
            .Succeeds();
        Programs.RunDfkd("train", Train, "--model", Spec, "-o", Teacher, "--steps", "80", "--batch-size", "32", "--seed", "1").Succeeds();
        Programs.RunDfkd("score", Wild, "--teacher", Teacher, "-o", Scores).Succeeds();
        Programs.RunDfkd("select", Scores, "--budget", "200", "-o", Selected).Succeeds();
    }

    /// <summary>The architecture of the teacher and of the students.</summary>
    public static string Spec => "vit:img=32,patch=8,dim=32,depth=4,heads=2";

    /// <summary>Labelled training images.</summary>
    public string Train => this["original/train"];

    /// <summary>Labelled test images.</summary>
    public string Test => this["original/test"];

    /// <summary>The wild pool.</summary>
    public string Wild => this["wild"];

    /// <summary>What the pool's files really are.</summary>
    public string Truth => this["truth.csv"];

    /// <summary>The teacher's directory.</summary>
    public string Teacher => this["teacher"];

    /// <summary>Scores of the pool.</summary>
    public string Scores => this["scores.csv"];

    /// <summary>200 rows of the scores.</summary>
    public string Selected => this["selected.csv"];

    private string this[string name] => folder[name];

    public void Dispose() => folder.Dispose();
}
