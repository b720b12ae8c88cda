// A small run of each verb.

using DataFreeKD.Testing;

namespace DataFreeKD.EndToEnd.Tests;

internal static class VerbCommands
{
    private const string Small = "vit:img=32,patch=8,dim=16,depth=2,heads=1";

    /// <summary>A small run of a verb.</summary>
    /// <param name="world">Its images and its teacher.</param>
    /// <param name="folder">Where files that a verb wants are written.</param>
    /// <param name="verb">The verb, or a way of using one: <c>urls</c>, <c>advise</c>, <c>embeddings</c>.</param>
    /// <param name="output">What it writes; nothing for those that only print.</param>
    public static string[] Of(TinyWorld world, TempFolder folder, string verb, string output) =>
        verb switch
        {
            "score" => ["score", world.Wild, "--teacher", world.Teacher, "-o", output],
            "embeddings" => ["score", world.Wild, "--teacher", world.Teacher, "-o", folder["scores.csv"], "--embeddings", output],
            "crawl" => ["crawl", world.Wild, "-o", output],
            "select" => ["select", world.Scores, "--budget", "50", "-o", output],
            "advise" => ["select", world.Scores, "--advise", output],
            "distill" => ["distill", world.Selected, "--teacher", world.Teacher, "--student", Small, "--steps", "5", "-o", output],
            "train" => ["train", world.Train, "--model", Small, "--steps", "5", "-o", output],
            "prune" => ["prune", world.Teacher, world.Selected, "--params", "0.5", "-o", output],
            "cache" => ["cache", world.Selected, "--teacher", world.Teacher, "--steps", "5", "-o", output],
            "pack" => ["pack", world.Selected, "--to", "webdataset", "-o", output],
            "urls" => ["pack", world.Selected, "--to", "urls", "-o", output],
            "report" => ["report", world.Scores, "-o", output],
            "contact-sheet" => ["contact-sheet", world.Scores, "-o", output],
            "explain" =>
            [
                "explain",
                Directory.EnumerateFiles(world.Test, "*", SearchOption.AllDirectories).First(),
                "--teacher",
                world.Teacher,
                "-o",
                output,
            ],
            "export" => ["export", world.Teacher, "--onnx", output],
            "compare" => ["compare", Recipes(world, folder), "-o", output],
            "losses" => ["losses"],
            "doctor" => ["doctor"],
            "inspect" => ["inspect", world.Teacher],
            "evaluate" => ["evaluate", world.Teacher, "--data", world.Test],
            "estimate" => ["estimate", world.Teacher, "--teacher", world.Teacher, "--images", world.Selected],
            "auroc" => ["auroc", world.Scores, "--truth", world.Truth],
            "completion" => ["completion", "bash"],
            "run" => ["run", Pipeline(world, folder), "-o", output],
            _ => ["compress", world.Wild, "--teacher", world.Teacher, "--minutes", "0", "-o", output],
        };

    private static string Pipeline(TinyWorld world, TempFolder folder)
    {
        File.WriteAllText(
            folder["pipeline.yaml"],
            $"""
            stages:
              select:
                scores: {world.Scores}
                budget: 50
            """
        );
        return folder["pipeline.yaml"];
    }

    private static string Recipes(TinyWorld world, TempFolder folder)
    {
        File.WriteAllText(
            folder["recipes.yaml"],
            $"""
            seeds: [0]
            tests:
              own: {world.Test}
            defaults:
              selection: {world.Selected}
              teacher: {world.Teacher}
              student: {Small}
              steps: 5
            recipes:
              - name: kd
            """
        );
        return folder["recipes.yaml"];
    }
}
