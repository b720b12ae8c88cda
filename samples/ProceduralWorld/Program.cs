// Draws the demo's world: original/train, original/test, wild/ (anonymous names) and truth.csv beside wild/.
// Usage: ProceduralWorld FOLDER [--train N] [--test N] [--familiar N] [--other N] [--outliers N] [--duplicates N] [--broken N] [--seed S]

using System.Globalization;
using DataFreeKD.ProceduralWorld;

if (args.Length == 0 || args[0].StartsWith('-') || args.Length % 2 == 0)
{
    Console.Error.WriteLine(
        "usage: ProceduralWorld FOLDER [--train N] [--test N] [--familiar N] [--other N] [--outliers N] [--duplicates N] [--broken N] [--seed S]"
    );
    return 2;
}
string[] known = ["--train", "--test", "--familiar", "--other", "--outliers", "--duplicates", "--broken", "--seed"];
Dictionary<string, int> options = [];
for (int i = 1; i < args.Length; i += 2)
{
    if (!known.Contains(args[i]) || !int.TryParse(args[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out int value))
    {
        Console.Error.WriteLine($"error: {args[i]} {args[i + 1]}: expected one of {string.Join(' ', known)} and a whole number");
        return 2;
    }
    options[args[i]] = value;
}
int Option(string name, int otherwise) => options.GetValueOrDefault(name, otherwise);

World world = new(args[0], Option("--seed", 1));
world.WriteOriginal("train", Option("--train", 6000));
world.WriteOriginal("test", Option("--test", 1000));
world.WriteWild(
    new PoolCounts
    {
        Familiar = Option("--familiar", 2000),
        Other = Option("--other", 8000),
        Outliers = Option("--outliers", 1500),
        Duplicates = Option("--duplicates", 200),
        Broken = Option("--broken", 20),
    }
);
return 0;
