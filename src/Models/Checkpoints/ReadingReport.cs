// What a reading found out, as it goes.

namespace DataFreeKD.Models.Checkpoints;

/// <summary>Collects facts and notes of one checkpoint.</summary>
internal sealed class ReadingReport(string path)
{
    private readonly List<ModelFact> facts = [];
    private readonly List<string> notes = [];

    /// <summary>The weights, for messages.</summary>
    public string Path => path;

    public IReadOnlyList<ModelFact> Facts => facts;

    public IReadOnlyList<string> Notes => notes;

    public void Add<T>(string field, Told<T> told, Func<T, string> show) =>
        facts.Add(new ModelFact(field, show(told.Value), told.By, told.Source));

    public void Note(string text) => notes.Add(text);

    public ModelException Bad(string what, params string[] options) => new($"'{path}' was not loaded: {what}") { Options = options };

    /// <summary>Refuses what a config says against the tensors; of training arguments, which may be another network's, it is a
    /// note.</summary>
    public void Contradiction(Statement stated, string what, string held)
    {
        string text = $"{stated.Source} is {Statements.Show(stated.Value)}, but {what} {held}";
        if (stated.By == FactSource.Config)
            throw Bad($"{text}: weights and config are not of one model; give the config that belongs to the weights");
        notes.Add(text + ", which counts");
    }
}
