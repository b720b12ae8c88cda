// The class a model decides for.

namespace DataFreeKD.Distiller.Evaluation;

internal static class ClassDecision
{
    /// <summary>The class of the greatest output; ties go to the lower class.</summary>
    public static int Of(ReadOnlySpan<float> outputs)
    {
        int decision = 0;
        for (int c = 1; c < outputs.Length; c++)
            if (outputs[c] > outputs[decision])
                decision = c;
        return decision;
    }
}
