# SIMULATED: as much of Vagrant as the Vagrantfile uses, to read it and to end a command with it.
#
#   ruby stand_in.rb ROOT COMMAND   (a JSON document on standard input, one on standard output)
#
# In: {"running": ["rig1"], "moved": [["up", "rig1"]], "keys": {"rig1": "ssh-ed25519 AAAA"},
#      "failed": false}. Out: the machines that the Vagrantfile declares.

require "json"
require "ostruct"
require "pathname"

module Vagrant
  CONFIGURED = []

  class PluginBase
    HOOKS = []
    def self.name(text = nil) = text ? @name = text : super()
    def self.action_hook(_name, stage) = yield(OpenStruct.new(append: nil).tap { |h| h.define_singleton_method(:append) { |step| HOOKS << [stage, step] } })
  end

  def self.plugin(version) = version == "2" ? PluginBase : raise("version #{version}")
  def self.configure(version, &block) = version == "2" ? CONFIGURED << block : raise("version #{version}")

  module Util
    module Env
      def self.with_original_env = yield
    end
  end
end

# What a `config.vm`, a machine's and a provider's settings take: any value, by name.
class Recorder
  attr_reader :values, :triggers, :machines, :providers

  def initialize
    @values, @triggers, @machines, @providers = {}, [], {}, {}
  end

  def vm = self
  def trigger = self
  def synced_folder(*) = nil
  def define(name) = yield(@machines[name] = Recorder.new)
  def provider(name) = yield(@providers[name] = Recorder.new)
  def after(action, &block) = @triggers << [action, block]

  def method_missing(name, *arguments)
    return @values[name.to_s.delete_suffix("=")] = arguments.first if name.end_with?("=")

    super
  end

  def respond_to_missing?(name, _private = false) = name.end_with?("=")
end

class StandInMachine
  attr_reader :name, :id, :config
  attr_accessor :env

  def initialize(root, name, box, is_running, keys)
    @name, @id, @is_running, @keys = name.to_sym, "id-of-#{name}", is_running, keys
    @key_file = File.join(root, ".vagrant", "machines", name.to_s, "private_key")
    @config = OpenStruct.new(vm: OpenStruct.new(box: box))
  end

  def ssh_info
    return unless @is_running

    { host: "127.0.0.1", port: (2200 + @name.to_s.delete("^0-9").to_i).to_s, username: "vagrant", private_key_path: [@key_file] }
  end

  def communicate = self
  def execute(_command) = yield(:stdout, "#{@keys} root@#{name}\n")
end

class StandInEnvironment
  attr_reader :root_path

  def initialize(root, machines, created)
    @root_path, @machines, @created = Pathname.new(root), machines, created
  end

  def active_machines = @created.map { |name| [name.to_sym, :stand_in] }
  def machine_names = @machines.keys
  def machine(name, _provider) = @machines.fetch(name)
  def ui = self
  def info(text) = warn(text)
  alias success info
  alias error info
end

root = ARGV.shift
told = JSON.parse($stdin.read)
load File.join(root, "Vagrantfile")
config = Recorder.new
Vagrant::CONFIGURED.each { |block| block.call(config) }
machines = config.machines.to_h do |name, made|
  [name.to_sym, StandInMachine.new(root, name, made.values["box"], told["running"].include?(name), told["keys"][name])]
end
environment = StandInEnvironment.new(root, machines, told["running"])
machines.each_value { |machine| machine.env = environment }
told["moved"].each do |action, name|
  config.triggers.select { |watched, _| watched == action.to_sym }.each do |_, block|
    trigger = Object.new
    trigger.define_singleton_method(:ruby) { |&step| step.call(environment, machines.fetch(name.to_sym)) }
    block.call(trigger)
  end
end
$stdout.puts JSON.generate(config.machines.map { |name, made| { name: name, **made.values, providers: made.providers.transform_values(&:values) } })
$stdout.flush
begin
  raise "the command failed" if told["failed"]
ensure
  Vagrant::PluginBase::HOOKS.each { |stage, step| step.new(->(_) {}, { env: environment }).call({}) if stage == :environment_unload }
end
