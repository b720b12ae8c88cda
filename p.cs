using System.Reflection;
foreach (var n in args) { var t = typeof(SkiaSharp.SKCodec).Assembly.GetType("SkiaSharp."+n)!; Console.WriteLine("== "+t); foreach (var m in t.GetMembers(BindingFlags.Public|BindingFlags.Instance|BindingFlags.Static|BindingFlags.DeclaredOnly)) Console.WriteLine("  "+m); }
foreach (var t in typeof(System.Runtime.Intrinsics.X86.Avx2).Assembly.GetTypes().Where(t=>t.Namespace=="System.Runtime.Intrinsics.X86" && !t.IsNested)) Console.Write(t.Name+"="+t.GetProperty("IsSupported")?.GetValue(null)+" ");
