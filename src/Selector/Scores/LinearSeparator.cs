// A logistic regression by Microsoft.ML, kept as plain weights, so that scoring a row costs a dot product.

using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Trainers;

namespace DataFreeKD.Selector.Scores;

/// <summary>A linear boundary between the pool (positive side) and the negatives.</summary>
/// <param name="Weights">One a feature.</param>
/// <param name="Bias">Added to the dot product.</param>
internal sealed record LinearSeparator(float[] Weights, float Bias)
{
    /// <summary>Before training.</summary>
    public static LinearSeparator Nothing { get; } = new([], 0);

    /// <summary>The log odds of the pool.</summary>
    public double Margin(ReadOnlySpan<double> features)
    {
        double margin = Bias;
        for (int at = 0; at < features.Length; at++)
            margin += Weights[at] * features[at];
        return margin;
    }

    /// <summary>Trains by L-BFGS with an L2 penalty; both sides weigh the same in total. Deterministic.</summary>
    public static LinearSeparator Train(float[][] pool, float[][] negatives)
    {
        MLContext context = new(seed: 0);
        float total = pool.Length + negatives.Length;
        IEnumerable<Example> examples = pool.Select(features => new Example
        {
            Features = features,
            Label = true,
            Weight = total / (2 * pool.Length),
        })
            .Concat(
                negatives.Select(features => new Example
                {
                    Features = features,
                    Label = false,
                    Weight = total / (2 * negatives.Length),
                })
            );
        SchemaDefinition schema = SchemaDefinition.Create(typeof(Example));
        schema[nameof(Example.Features)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, pool[0].Length);
        IDataView data = context.Data.LoadFromEnumerable(examples, schema);
        LbfgsLogisticRegressionBinaryTrainer trainer = context.BinaryClassification.Trainers.LbfgsLogisticRegression(
            new LbfgsLogisticRegressionBinaryTrainer.Options
            {
                ExampleWeightColumnName = nameof(Example.Weight),
                L1Regularization = 0,
                L2Regularization = 1,
                // One thread: the order of additions, and so the weights, are the same on every run.
                NumberOfThreads = 1,
            }
        );
        LinearBinaryModelParameters model = trainer.Fit(data).Model.SubModel;
        return new LinearSeparator([.. model.Weights], model.Bias);
    }

    private sealed class Example
    {
        public float[] Features { get; set; } = [];

        public bool Label { get; set; }

        public float Weight { get; set; }
    }
}
