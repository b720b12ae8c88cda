// Recipes that papers published, by name.

namespace DataFreeKD.Distiller.Losses;

/// <summary>A recipe with a name.</summary>
/// <param name="Recipe">Its terms, as they would be written.</param>
/// <param name="Source">Whose it is.</param>
/// <param name="Differs">What is not as the source publishes it, in words; empty where nothing is. Images, augmentation, optimiser and
/// schedule are the run's own, whatever the preset.</param>
internal sealed record RecipePreset(string Recipe, string Source, string Differs = "");

/// <summary>The presets. No label is read in a distillation: where a paper adds cross-entropy with labels it is left out, or the teacher's
/// decision stands for the label.</summary>
internal static class RecipePresets
{
    internal const string Keyword = "preset";

    /// <summary>By name: <c>preset:name</c> in a recipe.</summary>
    public static IReadOnlyDictionary<string, RecipePreset> All { get; } =
        new OrderedDictionary<string, RecipePreset>
        {
            ["kd"] = new("kd:T=4", "Hinton et al., 2015", "no label beside the teacher"),
            ["attention-probe"] = new(
                "kd:T=4+probe:variant=corrected*0.8",
                "Wang et al., ICASSP 2022, as its text means",
                "features normalised over features, every block joined, no NLL on the decision"
            ),
            ["attention-probe-official"] = new(
                "kd:T=4+noise+probe:variant=official,layers=thirds*0.8",
                "Wang et al., ICASSP 2022, as its code does",
                "set noise:accuracy to your teacher's (0.9665, 0.763 and 0.8118 there); the noise matrix learns by the run's optimiser, there by Adam at 0.001; blocks 3, 7 and 11 of 12, the ends of the thirds of other depths"
            ),
            ["dfnd"] = new(
                "kd:T=4+noise",
                "Chen et al., CVPR 2021, as the last version of its code does",
                "set noise:accuracy to your teacher's (0.9523 and 0.7774 there); that code stops at a line about weights that are not defined, which is left out here; its first version had T=2 and class weights (kd:T=2+noise, and a selection made with `dfkd select --weights balanced`)"
            ),
            ["deit-soft"] = new(
                "hard:head=cls*0.9+kd:T=3,head=dist,reduction=mean*0.1",
                "Touvron et al., ICML 2021, as its code does, with the paper's τ and λ",
                "the teacher's decision stands for the label, without smoothing; τ and λ are 1 and 0.5 where that code is not told"
            ),
            ["deit-hard"] = new(
                "kd:T=1,head=cls*0.5+hard:head=dist*0.5",
                "Touvron et al., ICML 2021, as its code does",
                "the teacher's distribution stands for the label"
            ),
            ["co-advise"] = new(
                "kd:T=1,head=cls,teacher=1+kd:T=1,head=conv,teacher=2+kd:T=1,head=inv,teacher=3",
                "Ren et al., CVPR 2022, as its code does",
                "teacher 1, a transformer, stands for the label; 2 is convolutional (resnet:), 3 involutional (rednet:)"
            ),
            ["fitnets"] = new(
                "kd:T=4+hidden",
                "Romero et al., ICLR 2015",
                "all layers at once, in place of one hint layer in a stage of its own"
            ),
            ["logit-standardisation"] = new(
                "kd:T=2,standardise=1*9",
                "Sun et al., CVPR 2024, as its code does",
                "no label beside the teacher (weight 0.1 there)"
            ),
            ["dkd"] = new(
                "dkd:alpha=1,beta=8,T=4",
                "Zhao et al., CVPR 2022, as its code does for CIFAR-100",
                "the teacher's decision is the target class; no label beside it"
            ),
            ["dist"] = new("dist:inter=1,intra=1,T=1", "Huang et al., NeurIPS 2022, as for ImageNet", "no label beside the teacher"),
            ["attention-transfer"] = new(
                "kd:T=4+attention:rows=all",
                "Zagoruyko and Komodakis, ICLR 2017",
                "on transformers' own attention, by KL, in place of the squares of feature maps"
            ),
            ["minilm"] = new(
                "kd:T=4+minilm",
                "Wang et al., ACL Findings 2021",
                "outputs are distilled beside, because relations alone leave the head untrained"
            ),
            ["vitkd"] = new(
                "kd:T=4+vitkd",
                "Yang et al., 2022, its features as its code does",
                "kd stands for the label and, in its best runs, NKD on outputs"
            ),
            ["rkd"] = new(
                "kd:T=4+rkd:distance=1,angle=2,normalise=1*25",
                "Park et al., CVPR 2019, as its classification runs",
                "outputs are distilled beside, in place of the label"
            ),
            ["manifold"] = new(
                "kd:T=1+manifold:intra=4,inter=0.1,random=0.2,k=192",
                "Hao et al., NeurIPS 2022, as its code does",
                "a student with two heads learns by their mean, there by its distillation head"
            ),
            ["tat"] = new("kd:T=4+tat*0.1", "Lin et al., CVPR 2022, as its text says", "γ and φ are 1×1; no label beside the teacher"),
            ["tat-official"] = new(
                "hard:head=mean*0.5+kd:T=1*0.5+tat:form=official,conv=3*0.1",
                "Lin et al., CVPR 2022, as its code does with distilled outputs",
                "the teacher's decision stands for the label; last blocks' patches for the last feature maps; without distilled outputs there: 0.1 of the label and tat*0.2"
            ),
        };
}
