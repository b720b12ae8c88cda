// A compression in a program of your own, by one call: score, select, prune, train, estimate, report. No label is used.
// Usage: Compress TEACHER IMAGES FOLDER [MINUTES] [STUDENT_SPEC]
//   Compress teacher/ photos/ out/ 10 vit:img=32,patch=4,dim=96,depth=5,heads=3

using System.Globalization;
using DataFreeKD.Core;
using DataFreeKD.Toolkit;

if (args.Length is < 3 or > 5)
{
    Console.Error.WriteLine("usage: Compress TEACHER IMAGES FOLDER [MINUTES] [STUDENT_SPEC]");
    return 2;
}
try
{
    CompressSummary made = CompressRun.Execute(
        new CompressOptions
        {
            Teacher = args[0],
            Sources = [args[1]],
            Output = args[2],
            Minutes = args.Length > 3 ? double.Parse(args[3], CultureInfo.InvariantCulture) : 10,
            Student = args.Length > 4 ? args[4] : null,
        }
    );
    Console.WriteLine(
        $"student of {made.Parameters:N0} parameters (teacher {made.TeacherParameters:N0}) agrees with its teacher on {made.Estimate.Agreement:P1} of held-out images"
    );
    Console.WriteLine($"it is estimated to keep {made.Estimate.Retained:P1} of the teacher's accuracy -> {made.Student}, {made.Report}");
    return 0;
}
catch (Exception problem) when (problem is DataFreeKDException or IOException)
{
    Console.Error.WriteLine($"error: {problem.Message}");
    return 2;
}
