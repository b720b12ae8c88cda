// Recipes that papers published, by name.

namespace DataFreeKD.Distiller.Losses;

/// <summary>A recipe with a name.</summary>
/// <param name="Recipe">Its terms, as they would be written.</param>
/// <param name="Source">Whose it is, and what had to change because no label is read.</param>
public sealed record RecipePreset(string Recipe, string Source);

/// <summary>The presets. No label is read in a distillation: where a paper adds cross-entropy with labels it is left out, or the teacher's decision stands for the label.</summary>
public static class RecipePresets
{
    internal const string Keyword = "preset";

    /// <summary>By name: <c>preset:name</c> in a recipe.</summary>
    public static IReadOnlyDictionary<string, RecipePreset> All { get; } = new OrderedDictionary<string, RecipePreset>
    {
        ["kd"] = new("kd:T=4", "Hinton et al., 2015"),
        ["attention-probe"] = new("kd:T=4+probe:variant=corrected*0.8", "Wang et al., ICASSP 2022, normalised as its text means"),
        ["attention-probe-official"] = new("kd:T=4+probe:variant=official*0.8", "Wang et al., ICASSP 2022, as its code does"),
        ["dfnd"] = new("kd:T=2+noise", "Chen et al., CVPR 2021; as its code does with noise:accuracy=the teacher's and weights from `dfkd select --balanced-weights`"),
        ["deit-soft"] = new("hard:head=cls*0.9+kd:T=3,head=dist*0.1", "Touvron et al., ICML 2021; the teacher's decision stands for the label"),
        ["deit-hard"] = new("kd:T=1,head=cls*0.5+hard:head=dist*0.5", "Touvron et al., ICML 2021; the teacher's distribution stands for the label"),
        ["co-advise"] = new("kd:T=1,head=cls,teacher=1+kd:T=1,head=conv,teacher=2+kd:T=1,head=inv,teacher=3", "Ren et al., CVPR 2022, as its code does; teacher 1, a transformer, stands for the label, 2 is convolutional (resnet:), 3 involutional (rednet:)"),
        ["fitnets"] = new("kd:T=4+hidden", "Romero et al., ICLR 2015, over all layers"),
        ["logit-standardisation"] = new("kd:T=2,standardise=1*9", "Sun et al., CVPR 2024"),
        ["dkd"] = new("dkd:alpha=1,beta=8,T=4", "Zhao et al., CVPR 2022, as for CIFAR-100"),
        ["dist"] = new("dist:inter=1,intra=1,T=1", "Huang et al., NeurIPS 2022"),
        ["attention-transfer"] = new("kd:T=4+attention:rows=all", "Zagoruyko and Komodakis, ICLR 2017, on transformers' own attention"),
        ["minilm"] = new("kd:T=4+minilm", "Wang et al., ACL Findings 2021; outputs are distilled beside, because relations alone leave the head untrained"),
        ["vitkd"] = new("kd:T=4+vitkd", "Yang et al., 2022"),
        ["rkd"] = new("kd:T=4+rkd:distance=1,angle=2,normalise=1*25", "Park et al., CVPR 2019, as its classification runs"),
        ["manifold"] = new("kd:T=1+manifold:intra=4,inter=0.1,random=0.2,k=192", "Hao et al., NeurIPS 2022, as published"),
        ["tat"] = new("kd:T=4+tat*0.1", "Lin et al., CVPR 2022"),
        ["tat-official"] = new("kd:T=4+tat:form=official,conv=3*0.1", "Lin et al., CVPR 2022, as its code does"),
    };
}
