# The same as lw.sh, for Windows: finds the `lw` binary this tree belongs to and runs a tool of it.
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$here = $PSScriptRoot

# Not Write-Output: inside a function that would be part of its result.
function Fail([string] $text, [int] $code = 4) {
  $text = ($text -replace '[\x00-\x1f\x7f]', ' ') -replace '##\[', '# #['
  if ($env:GITHUB_ACTIONS -eq 'true') {
    [Console]::Out.WriteLine('::error title=lw::' + ($text -replace '%', '%25'))
  } else {
    [Console]::Error.WriteLine("error: $text")
  }
  if ($env:GITHUB_OUTPUT) {
    [IO.File]::AppendAllText($env:GITHUB_OUTPUT, "verdict=error`nsummary=$text`n")
  }
  exit $code
}

function Read-Own([string] $name) {
  $path = Join-Path $here $name
  if (-not (Test-Path -PathType Leaf -LiteralPath $path)) { Fail "this tree is incomplete: $path is missing" }
  return (Get-Content -Raw -LiteralPath $path).Trim()
}

function Get-Digest([string] $path) {
  return (Get-FileHash -Algorithm SHA256 -LiteralPath $path).Hash.ToLowerInvariant()
}

function Test-Version([string] $program) {
  try { return ((& $program --version 2>$null) -ceq "lw $version") } catch { return $false }
}

function Find-Binary {
  if ($env:LW_BIN) {
    if (-not (Test-Path -PathType Leaf -LiteralPath $env:LW_BIN)) { Fail "LW_BIN is not a program: $env:LW_BIN" 2 }
    return $env:LW_BIN
  }
  $version = Read-Own 'version'
  $onPath = Get-Command lw -CommandType Application -ErrorAction SilentlyContinue | Select-Object -First 1
  if ($onPath -and (Test-Version $onPath.Source)) { return $onPath.Source }

  # Windows on ARM runs x64 programs.
  $target = 'x86_64-pc-windows-msvc'
  $file = "lw-$target.exe"
  $pinned = ''
  foreach ($line in ((Read-Own 'checksums.txt') -split '\r?\n')) {
    $words = @($line.Trim() -split '\s+')
    if ($words.Count -ge 2 -and $words[1] -ceq $file) { $pinned = $words[0] }
  }
  $cache = if ($env:RUNNER_TOOL_CACHE) { $env:RUNNER_TOOL_CACHE } else { $env:LOCALAPPDATA }
  if (-not $cache) { $cache = [IO.Path]::GetTempPath() }
  $folder = Join-Path $cache "lw/$version/$target"
  $binary = Join-Path $folder 'lw.exe'
  $isCached = { $pinned -and (Test-Path -PathType Leaf -LiteralPath $binary) -and (Get-Digest $binary) -ceq $pinned }
  if (& $isCached) { return $binary }

  $inTree = Join-Path $here "../bin/$target/lw.exe"
  if (Test-Path -PathType Leaf -LiteralPath $inTree) { return $inTree }

  if (-not $pinned) { Fail "this tree pins no binary for $target`: use a release tag, or set LW_BIN to one you have built" }
  $base = if ($env:LW_DOWNLOAD_BASE) { $env:LW_DOWNLOAD_BASE } else { (Read-Own 'releases') + "/v$version" }
  $base = $base.TrimEnd('/')
  New-Item -ItemType Directory -Force $folder | Out-Null
  # Jobs may do so at the same time: each downloads to a name of its own.
  $part = Join-Path $folder ('.lw.' + [guid]::NewGuid().ToString('N'))
  try {
    try {
      Invoke-WebRequest -Uri "$base/$file" -OutFile $part -TimeoutSec 300 -MaximumRetryCount 3 -RetryIntervalSec 2 | Out-Null
    } catch {
      Fail "could not download $file from $base`: can this runner reach it? LW_DOWNLOAD_BASE names a mirror"
    }
    $found = Get-Digest $part
    if ($found -cne $pinned) { Fail "$file from $base has the SHA-256 $found instead of the pinned $pinned`: it is not run" }
    try {
      Move-Item -Force -LiteralPath $part -Destination $binary
    } catch {
      # A program that runs cannot be replaced; another job's is as good when it is whole.
      if (-not (& $isCached)) { Fail "cannot write $binary" }
    }
  } finally {
    Remove-Item -Force -ErrorAction SilentlyContinue -LiteralPath $part
  }
  return $binary
}

if ($args.Count -eq 0) { Fail 'lw.ps1 was called without a tool' 2 }
$runtime = if ($env:LW_RUNTIME) { $env:LW_RUNTIME } else { 'auto' }
if ($runtime -ceq 'docker') { Fail 'runtime docker needs a Linux runner: use runtime native' 2 }
if ($runtime -cnotin 'auto', 'native') { Fail 'the input runtime must be auto, native or docker' 2 }
$binary = Find-Binary
if ($args[0] -ceq '--install') {
  if ($env:GITHUB_PATH) {
    [IO.File]::AppendAllText($env:GITHUB_PATH, (Split-Path -Parent (Resolve-Path -LiteralPath $binary).Path) + "`n")
  }
  & $binary --version
  if (-not $env:LW_TOOL) { exit $LASTEXITCODE }
  $lines = @("$env:LW_ARGUMENTS" -split '\r?\n' | Where-Object { $_ -ne '' })
  & $binary $env:LW_TOOL @lines
  exit $LASTEXITCODE
}
& $binary @args
exit $LASTEXITCODE
