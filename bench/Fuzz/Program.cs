// Changed inputs through every reader, for a given time: what is not read is refused by an exception of the libraries, and nothing else
// happens.
//   Fuzz SECONDS [--seed N] [--out FOLDER] [--patience SECONDS] [--only NAME,...]
//   Fuzz replay TARGET NUMBER [--seed N]

using System.Globalization;
using DataFreeKD.Fuzz;
using DataFreeKD.Fuzz.Targets;

Target[] targets = Catalogue.All();
switch (args)
{
    case ["child", var name, var seed, var first, var seconds, var folder]:
        Child.Run(Named(name), Whole(seed), Whole(first), double.Parse(seconds, CultureInfo.InvariantCulture), folder);
        return 0;
    case ["replay", var name, var number, ..]:
        Target target = Named(name);
        byte[] input = target.Input(Whole(Option("--seed") ?? "1"), Whole(number));
        string file = Path.Combine(Path.GetTempPath(), "fuzz-replay" + target.Extension);
        File.WriteAllBytes(file, input);
        Console.WriteLine($"{input.Length} bytes in {file}");
        target.Read(input, file);
        return 0;
    default:
        if (args.Length == 0 || !double.TryParse(args[0], CultureInfo.InvariantCulture, out double time))
        {
            Console.Error.WriteLine(
                $"usage: Fuzz SECONDS [--seed N] [--out FOLDER] [--patience SECONDS] [--only NAME,...]; names: {string.Join(", ", targets.Select(known => known.Name))}"
            );
            return 2;
        }
        string[]? only = Option("--only")?.Split(',');
        FuzzOptions options = new(
            time,
            Whole(Option("--seed") ?? "1"),
            Path.GetFullPath(Option("--out") ?? "fuzz-output"),
            double.Parse(Option("--patience") ?? "30", CultureInfo.InvariantCulture)
        );
        return Parent.Run([.. targets.Where(known => only is null || only.Contains(known.Name))], options);
}

Target Named(string name) =>
    targets.FirstOrDefault(target => target.Name == name)
    ?? throw new ArgumentException($"no target {name}; there are {string.Join(", ", targets.Select(target => target.Name))}");

string? Option(string name)
{
    int at = Array.IndexOf(args, name);
    return at >= 0 && at + 1 < args.Length ? args[at + 1] : null;
}

static long Whole(string text) => long.Parse(text, CultureInfo.InvariantCulture);
