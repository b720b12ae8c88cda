// The resilience of requests to one host: retry, around a circuit breaker, around the limit on connections, around the timeout.

using System.Threading.RateLimiting;
using Polly;
using Polly.CircuitBreaker;
using Polly.RateLimiting;
using Polly.Retry;
using Polly.Timeout;

namespace DataFreeKD.Crawler.Fetching;

/// <summary>Builds a host's pipeline. Waiting for a retry holds no connection; waiting for a connection uses up no timeout.</summary>
internal static class HostPipeline
{
    /// <summary>The flight of a request, for the callbacks.</summary>
    public static readonly ResiliencePropertyKey<FetchInProgress> FetchInProgress = new("flight");

    private static readonly TimeSpan LongestBackoff = TimeSpan.FromSeconds(30),
        Shortest = TimeSpan.FromMilliseconds(500);

    public static ResiliencePipeline<Fetched> Build(WebOptions options, Func<RateLimiter> connections)
    {
        ResiliencePipelineBuilder<Fetched> builder = new();
        if (options.Retries > 0)
        {
            builder.AddRetry(
                new RetryStrategyOptions<Fetched>
                {
                    MaxRetryAttempts = options.Retries,
                    BackoffType = DelayBackoffType.Exponential,
                    UseJitter = true,
                    Delay = options.RetryDelay,
                    MaxDelay = LongestBackoff,
                    ShouldHandle = args =>
                        ValueTask.FromResult(Heals(args.Outcome) && !(args.Outcome.Result?.RetryAfter > options.MaxRetryAfter)),
                    DelayGenerator = args => ValueTask.FromResult(args.Outcome.Result?.RetryAfter),
                    OnRetry = args =>
                    {
                        args.Context.Properties.GetValue(FetchInProgress, null!)
                            .Rest(
                                args.RetryDelay,
                                args.Outcome.Result?.RetryAfter is not null || args.Outcome.Result is { Overloaded: true }
                            );
                        return default;
                    },
                }
            );
        }
        return builder
            .AddCircuitBreaker(
                new CircuitBreakerStrategyOptions<Fetched>
                {
                    FailureRatio = 0.95,
                    MinimumThroughput = Math.Max(2, options.BreakAfter),
                    SamplingDuration = TimeSpan.FromMinutes(2),
                    BreakDuration = options.BreakDuration > Shortest ? options.BreakDuration : Shortest,
                    ShouldHandle = args => ValueTask.FromResult(Heals(args.Outcome)),
                    OnOpened = args =>
                    {
                        args.Context.Properties.GetValue(FetchInProgress, null!)
                            .Broke(args.Outcome.Result?.Reason ?? Reason.Timeout, args.BreakDuration);
                        return default;
                    },
                }
            )
            .AddRateLimiter(
                new RateLimiterStrategyOptions { RateLimiter = args => connections().AcquireAsync(1, args.Context.CancellationToken) }
            )
            .AddTimeout(options.BodyTimeout)
            .Build();
    }

    private static bool Heals(Outcome<Fetched> outcome) =>
        outcome.Exception is TimeoutRejectedException || outcome.Result is { Heals: true };
}
