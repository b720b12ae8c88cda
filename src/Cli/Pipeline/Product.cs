// What stages hand to each other.

namespace DataFreeKD.Cli.Pipeline;

/// <summary>The kinds of output that another stage can begin with.</summary>
internal enum Product
{
    /// <summary>Nothing that another stage takes.</summary>
    None,

    /// <summary>A store's manifest.</summary>
    Images,

    /// <summary>A scores table.</summary>
    Scores,

    /// <summary>A selection table.</summary>
    Selection,

    /// <summary>A file of the teacher's outputs.</summary>
    Cache,

    /// <summary>A model that was trained on labels.</summary>
    Teacher,

    /// <summary>A model that was distilled.</summary>
    Student,
}
