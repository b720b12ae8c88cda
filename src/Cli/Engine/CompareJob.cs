// The options of a comparison as workers on other machines take them up: a record beside the plan, and no command line.

using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using DataFreeKD.Distiller;
using DataFreeKD.Distiller.Losses;

namespace DataFreeKD.Cli.Engine;

/// <summary>A comparison.</summary>
/// <param name="Compare">Its options, with full paths.</param>
internal sealed record CompareJob(ComparisonOptions Compare)
{
    private static readonly JobFile File = new("comparison", TellKinds, new RecipeText());

    /// <summary>Puts it beside the plan.</summary>
    public void Write(string folder) => File.Write(folder, this);

    /// <summary>Reads it from beside the plan.</summary>
    /// <exception cref="UsageException">It is not there, or no such record.</exception>
    public static CompareJob Read(string folder) => File.Read<CompareJob>(folder, job => job.Compare is not null);

    /// <summary>The comparison's options.</summary>
    /// <param name="threads">CPU threads of this machine, for decoding.</param>
    public ComparisonOptions Options(int threads) =>
        Compare with
        {
            Workers = threads,
            Recipes = [.. Compare.Recipes.Select(recipe => recipe with { Options = recipe.Options with { Workers = threads } })],
        };

    private static void TellKinds(JsonTypeInfo type)
    {
        if (type.Type == typeof(LoopOptions))
            type.PolymorphismOptions = new JsonPolymorphismOptions
            {
                TypeDiscriminatorPropertyName = "kind",
                DerivedTypes =
                {
                    new JsonDerivedType(typeof(DistillOptions), "distill"),
                    new JsonDerivedType(typeof(TrainOptions), "train"),
                },
            };
    }

    // With every parameter resolved.
    private sealed class RecipeText : JsonConverter<Recipe>
    {
        public override Recipe Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            try
            {
                return Recipe.Parse(reader.GetString() ?? "");
            }
            catch (DistillException wrong)
            {
                throw new JsonException(wrong.Message, wrong);
            }
        }

        public override void Write(Utf8JsonWriter writer, Recipe value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.ToString());
    }
}
