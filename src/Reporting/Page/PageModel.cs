// What the templates are given: plain text that they escape, and SVG and addresses that are ours.

namespace DataFreeKD.Reporting.Page;

/// <summary>A figure with its name.</summary>
internal sealed record FactView(string Name, string Value, string Note);

/// <summary>The top of the page.</summary>
internal sealed record SummaryView(IReadOnlyList<string> Sentences, IReadOnlyList<FactView> Facts, IReadOnlyList<string> Warnings);

/// <summary>A table behind a plot, or one of its own.</summary>
internal sealed record TableView(string Caption, IReadOnlyList<string> Header, IReadOnlyList<IReadOnlyList<string>> Rows);

/// <summary>A plot with its text alternative. <c>Svg</c> is ours and not escaped.</summary>
internal sealed record PlotView(string Id, string Title, string Text, string Svg, IReadOnlyList<LegendView> Legend, TableView Table);

/// <summary>A key of a plot.</summary>
internal sealed record LegendView(string Kind, string Text);

/// <summary>Scores of pool and selection.</summary>
internal sealed record ScoresView(IReadOnlyList<PlotView> Plots);

/// <summary>Classes of pool and selection.</summary>
internal sealed record BalanceView(string Text, PlotView Plot);

/// <summary>An image on the page; sources are ours and not escaped.</summary>
internal sealed record ImageView(
    string Source,
    int Width,
    int Height,
    string Alt,
    string Name,
    string Path,
    string Caption,
    string Attention,
    int AttentionWidth,
    string AttentionAlt,
    bool Selected,
    string Missing
);

/// <summary>Images of one kind.</summary>
internal sealed record StripView(string Name, IReadOnlyList<ImageView> Images);

/// <summary>Images of one class.</summary>
internal sealed record ClassView(string Name, string Count, IReadOnlyList<StripView> Strips);

/// <summary>Images of all classes.</summary>
internal sealed record ImagesView(string Text, string LineText, string AttentionText, string Left, IReadOnlyList<ClassView> Classes);

/// <summary>A group of copies.</summary>
internal sealed record GroupView(string Count, IReadOnlyList<ImageView> Images, IReadOnlyList<string> Paths, string More);

/// <summary>Copies of one kind.</summary>
internal sealed record CopiesView(string Title, string Text, IReadOnlyList<GroupView> Groups);

/// <summary>All copies.</summary>
internal sealed record CopiesSectionView(IReadOnlyList<CopiesView> Kinds);

/// <summary>What each filter removed.</summary>
internal sealed record RemovedView(TableView Statuses, IReadOnlyList<TableView> Steps, IReadOnlyList<TableView> Options);

/// <summary>A cell of confusions: how much of its row it is, 0–100.</summary>
internal sealed record CellView(string Count, int Heat, bool Right);

/// <summary>A row of confusions.</summary>
internal sealed record ConfusionRowView(string Name, IReadOnlyList<CellView> Cells, string Accuracy);

/// <summary>Confusions as a matrix; without rows where there are too many classes.</summary>
internal sealed record ConfusionView(string Text, IReadOnlyList<string> Names, IReadOnlyList<ConfusionRowView> Rows, TableView Worst);

/// <summary>The student.</summary>
internal sealed record StudentView(string Text, IReadOnlyList<PlotView> Curves, ConfusionView? Confusion);

/// <summary>A section as text of HTML with its place in the list of contents.</summary>
internal sealed record SectionView(string Id, string Title, string Html);

/// <summary>The whole page.</summary>
internal sealed record PageView(string Title, string Style, string Version, string Source, IReadOnlyList<SectionView> Sections);
