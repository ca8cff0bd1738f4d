# Stands in for Homebrew: reads a formula as a machine does, prints what that would download, and installs what is unpacked.
# ruby formula.rb FORMULA SYSTEM MACHINE [UNPACKED PREFIX]
require "fileutils"

formula, $system, $machine, unpacked, $prefix = ARGV

# A folder of the prefix.
class Target
  def initialize(path)
    @path = path
  end

  def install(*what)
    FileUtils.mkdir_p(@path)
    what.flatten.each do |item|
      pairs = item.is_a?(Hash) ? item : { item => File.basename(item) }
      pairs.each { |from, to| FileUtils.cp(from, File.join(@path, to)) }
    end
  end

  def to_s
    @path
  end
end

class Formula
  class << self
    attr_reader :read, :tested

    def say(**values)
      (@read ||= {}).merge!(values)
    end

    %i[desc homepage version license url sha256].each do |name|
      define_method(name) { |value| say(name => value) }
    end

    def on_macos
      yield if $system == "macos"
    end

    def on_linux
      yield if $system == "linux"
    end

    def on_arm
      yield if $machine == "arm"
    end

    def on_intel
      yield if $machine == "intel"
    end

    def test(&block)
      @tested = block
    end
  end

  {
    bin: "bin",
    bash_completion: "etc/bash_completion.d",
    zsh_completion: "share/zsh/site-functions",
    fish_completion: "share/fish/vendor_completions.d",
    pwsh_completion: "share/pwsh/completions",
    man1: "share/man/man1",
  }.each do |name, path|
    define_method(name) { Target.new(File.join($prefix, path)) }
  end

  def version
    self.class.read[:version]
  end

  def shell_output(command)
    text = `#{command}`
    raise "#{command}: #{$?}" unless $?.success?

    text
  end

  def assert_match(expected, text)
    raise "#{text} has no #{expected}" unless text.include?(expected)
  end
end

load formula
Lw.read.each { |name, value| puts "#{name}=#{value}" }
exit unless unpacked

Dir.chdir(unpacked)
Lw.new.install
Lw.new.instance_eval(&Lw.tested)
