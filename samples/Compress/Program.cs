// The four stages in a program of one's own: crawl, score, select, distil. No label is used.
// Usage: Compress TEACHER IMAGES STUDENT_SPEC FOLDER [BUDGET] [STEPS]
//   Compress teacher/ photos/ vit:img=32,patch=4,dim=96,depth=5,heads=3 out/ 10000 2000

using System.Globalization;
using DataFreeKD.Core;
using DataFreeKD.Crawler;
using DataFreeKD.Distiller;
using DataFreeKD.Probe;
using DataFreeKD.Selector;

if (args.Length is < 4 or > 6)
{
    Console.Error.WriteLine("usage: Compress TEACHER IMAGES STUDENT_SPEC FOLDER [BUDGET] [STEPS]");
    return 2;
}
(string teacher, string images, string student, string folder) = (args[0], args[1], args[2], Path.GetFullPath(args[3]));
long budget = args.Length > 4 ? long.Parse(args[4], CultureInfo.InvariantCulture) : 10_000;
int steps = args.Length > 5 ? int.Parse(args[5], CultureInfo.InvariantCulture) : 2_000;
string scores = Path.Combine(folder, "scores.csv"), selected = Path.Combine(folder, "selected.csv");

try
{
    CrawlSummary crawl = CrawlRun.Execute(new CrawlOptions { Sources = [images], Store = Path.Combine(folder, "store") });
    Console.WriteLine($"crawled {crawl.Rows} files: {string.Join(", ", crawl.Counts.Select(count => $"{count.Value} {count.Key}"))}");

    ScoreSummary score = ScoreRun.Execute(new ScoreOptions { Teacher = teacher, Inputs = [crawl.Manifest], Output = scores, Overwrite = true });
    Console.WriteLine($"scored {score.Rows} at {score.ImagesPerSecond:F0} images/s");

    SelectionSummary selection = SelectionRun.Execute(new SelectOptions { Scores = scores, Output = selected, Budget = budget, Overwrite = true });
    Console.WriteLine($"selected {selection.Selected} of {selection.Usable}");

    DistillSummary distilled = DistillRun.Execute(new DistillOptions { SelectionPath = selected, Teacher = teacher, Student = student, Output = Path.Combine(folder, "student"), Steps = steps, Overwrite = true });
    Console.WriteLine($"student of {distilled.Parameters:N0} parameters (teacher {distilled.TeacherParameters:N0}) agrees with its teacher on {distilled.HeldOut:P1} of held-out images -> {distilled.Output}");
    return 0;
}
catch (Exception problem) when (problem is DataFreeKDException or IOException)
{
    Console.Error.WriteLine($"error: {problem.Message}");
    return 2;
}
