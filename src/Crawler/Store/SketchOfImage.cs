// The colour sketch of pixels.

using DataFreeKD.Imaging;
using DataFreeKD.Manifests.Looks;

namespace DataFreeKD.Crawler.Store;

internal static class SketchOfImage
{
    extension(ColourSketch)
    {
        /// <summary>The sketch of an image.</summary>
        public static ColourSketch Of(RgbImage image)
        {
            ColourSketch sketch = default;
            PilResize.Resize(image, 2, 2, Interpolation.Bilinear).Pixels.CopyTo(sketch);
            return sketch;
        }
    }
}
